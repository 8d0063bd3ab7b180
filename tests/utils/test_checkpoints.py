import os
import pickle
import re

import pytest
import torch
from safetensors.torch import save_file

from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.errors import CheckpointError
from tests.helpers.malicious import save_malicious

FORCE, FORBID = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'


@pytest.fixture
def weights(tmp_path):
    torch.save({'state_dict': {'weight': torch.arange(6.0)}}, tmp_path / 'weights.pth')
    return tmp_path / 'weights.pth'


def test_reads_tensors(weights):
    assert torch.equal(read_checkpoint(weights)['state_dict']['weight'], torch.arange(6.0))


def test_reads_safetensors(tmp_path):
    save_file({'weight': torch.arange(6.0)}, tmp_path / 'weights.safetensors')
    assert torch.equal(read_checkpoint(tmp_path / 'weights.safetensors')['weight'], torch.arange(6.0))


def test_malicious_file(tmp_path):
    path = save_malicious(tmp_path / 'malicious.pth', tmp_path / 'marker')
    with pytest.raises(CheckpointError, match=rf'^{re.escape(str(path))} .+ asks for \w+\.system, .+ code'):
        read_checkpoint(path)
    assert not (tmp_path / 'marker').exists()


def test_malicious_url(tmp_path, monkeypatch):
    """torch.hub does not download a file that is already in its folder."""
    (tmp_path / 'checkpoints').mkdir()
    save_malicious(tmp_path / 'checkpoints' / 'malicious.pth', tmp_path / 'marker')
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    with pytest.raises(CheckpointError, match=r'^http://localhost/malicious\.pth .+ asks for \w+\.system'):
        read_checkpoint('http://localhost/malicious.pth')
    assert not (tmp_path / 'marker').exists()


def test_the_malicious_file_is_real(tmp_path):
    """The control of the tests above: without weights-only loading the command runs."""
    torch.load(save_malicious(tmp_path / 'malicious.pth', tmp_path / 'marker'), weights_only=False)
    assert (tmp_path / 'marker').exists()


@pytest.mark.parametrize('malicious', [False, True])
@pytest.mark.parametrize('given', [{}, {FORBID: '1'}, {FORCE: '0'}, {FORCE: '0', FORBID: '1'}])
def test_the_environment_is_overruled_and_restored(weights, tmp_path, monkeypatch, given, malicious):
    for name in (FORCE, FORBID):
        monkeypatch.delenv(name, raising=False)
        if name in given:
            monkeypatch.setenv(name, given[name])
    if malicious:
        with pytest.raises(CheckpointError):
            read_checkpoint(save_malicious(tmp_path / 'malicious.pth', tmp_path / 'marker'))
    else:
        read_checkpoint(weights)
    assert {name: os.environ[name] for name in (FORCE, FORBID) if name in os.environ} == given
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('kept', [0, 1, 7, 30, 0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
def test_truncated_file(weights, tmp_path, kept, suffix):
    if suffix == 'safetensors':
        weights = tmp_path / 'weights.safetensors'
        save_file({'weight': torch.arange(600.0)}, weights)
    whole = weights.read_bytes()
    path = tmp_path / f'part.{suffix}'
    path.write_bytes(whole[:kept if isinstance(kept, int) else int(len(whole) * kept)])
    with pytest.raises(CheckpointError, match=rf'^{re.escape(str(path))} .+ truncated, damaged .+'):
        read_checkpoint(path)


@pytest.mark.parametrize('content', [b'<html>404 Not Found</html>', b'{"a": 1}', b'\x89PNG' * 9, pickle.dumps([1], 4)])
def test_file_of_another_kind(tmp_path, content):
    (tmp_path / 'page.pth').write_bytes(content)
    with pytest.raises(CheckpointError, match=r'page\.pth was not loaded'):
        read_checkpoint(tmp_path / 'page.pth')


def test_checkpoint_without_a_dict(tmp_path):
    torch.save(torch.zeros(1), tmp_path / 'tensor.pth')
    with pytest.raises(CheckpointError, match=r'tensor\.pth .+ dict .+ Tensor$'):
        read_checkpoint(tmp_path / 'tensor.pth')


@pytest.mark.parametrize('name', ['nowhere.pth', 'nowhere.safetensors'])
def test_missing_file(tmp_path, name):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        read_checkpoint(tmp_path / name)
