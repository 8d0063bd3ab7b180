import os
import pickle
import re
import tarfile
import zipfile

import pytest
import torch
from mmengine.runner import load_checkpoint
from safetensors.torch import save_file
from torch import nn

from emonext_mm.utils.checkpoints import read_checkpoint
from emonext_mm.utils.errors import CheckpointError
from tests.helpers.archives import replace_pickle, rewrite
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


def test_checkpoint_in_the_former_tar_format(tmp_path):
    with tarfile.open(tmp_path / 'old.pth', 'w') as file:
        file.addfile(tarfile.TarInfo('storages'))
    with pytest.raises(CheckpointError, match=r'^.*old\.pth was not loaded: .* legacy \.tar'):
        read_checkpoint(tmp_path / 'old.pth')


@pytest.mark.parametrize(('old', 'new'), [
    (b'K\x06tq', b'\x8a\x06\0\0\0\0\0\x01tq'),  # of the storage: 2**40 numbers
    (b'K\x06\x85', b'\x8a\x06\0\0\0\0\0\x01\x85'),  # of the tensor
])
def test_declared_size_beyond_memory(weights, tmp_path, old, new):
    path = rewrite(weights, tmp_path / 'huge.pth', replace_pickle(old, new))
    with pytest.raises(CheckpointError, match=r'huge\.pth was not loaded: .*(size|resize)'):
        read_checkpoint(path)


def test_zip_bomb(weights, tmp_path):
    """20 MB of zeros, packed to 20 kB: refused before anything is unpacked. A whole archive may be compressed."""
    path = rewrite(weights, tmp_path / 'bomb.pth', lambda name, content: bytes(20_000_000) if name == '0' else content,
                   zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match=r'bomb\.pth was not loaded: it unpacks to 20,0\d\d,\d\d\d bytes'):
        read_checkpoint(path)
    read_checkpoint(rewrite(weights, tmp_path / 'small.pth', compression=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize('content', [[1], 5, None, 'x', {'state_dict': None}, {'meta': [1]}, {1: torch.zeros(1)},
                                     {'a': torch.zeros(1, device='meta')}, {'a': torch.zeros(1, dtype=torch.cfloat)}])
@pytest.mark.parametrize('read', [read_checkpoint, lambda path: load_checkpoint(nn.Linear(1, 1), str(path))])
def test_one_error_for_every_reader(tmp_path, content, read):
    torch.save(content, tmp_path / 'strange.pth')
    with pytest.raises(CheckpointError, match=r'^.*strange\.pth was not loaded: expected .*'):
        read(tmp_path / 'strange.pth')


@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
def test_pipe(tmp_path, suffix):
    os.mkfifo(tmp_path / f'pipe.{suffix}')
    with pytest.raises((FileNotFoundError, ValueError), match='pipe'):
        read_checkpoint(tmp_path / f'pipe.{suffix}')


def test_unknown_name_in_the_model_zoo():
    with pytest.raises(CheckpointError, match=r'^torchvision://resnet99 was not loaded: .*KeyError'):
        read_checkpoint('torchvision://resnet99')


@pytest.mark.parametrize('name', ['nowhere.pth', 'nowhere.safetensors'])
def test_missing_file(tmp_path, name):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        read_checkpoint(tmp_path / name)
