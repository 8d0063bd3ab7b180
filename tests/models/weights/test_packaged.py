import pytest
import torch
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import save_file
from torch import nn

from emonext_mm.models.weights.packaged import load_from_safetensors, to_safetensors
from emonext_mm.utils.errors import CheckpointError

META = dict(dataset_meta=dict(classes=['a', 'b']), epoch=7, weights='EMA', accuracy=68.25)


def make():
    return nn.Sequential(nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last), nn.BatchNorm2d(4))


@pytest.fixture
def file(tmp_path):
    model = make()
    model(torch.randn(2, 3, 8, 8))
    path = tmp_path / 'model.safetensors'
    path.write_bytes(to_safetensors(model.state_dict(), META))
    return path, model


def test_weights_are_rounded_to_float16(file):
    path, model = file
    checkpoint = load_from_safetensors(path)
    assert checkpoint['meta'] == META
    assert checkpoint['state_dict'].keys() == model.state_dict().keys()
    for key, value in model.state_dict().items():
        found = checkpoint['state_dict'][key]
        assert found.dtype == value.dtype
        assert torch.equal(found, value.half().float() if value.is_floating_point() else value)


def test_loader_of_mmengine_reads_the_format(file):
    path, model = file
    other = make()
    loaded = load_checkpoint(other, str(path), map_location='cpu', strict=True)
    assert loaded['meta'] == META
    for found, expected in zip(other.state_dict().values(), model.state_dict().values()):
        torch.testing.assert_close(found, expected, rtol=2**-10, atol=1e-7)


@pytest.mark.parametrize('path', ['s3://bucket/model.safetensors', 'timm://model.safetensors'])
def test_addresses_belong_to_other_loaders(path):
    assert CheckpointLoader._get_checkpoint_loader(path) is not load_from_safetensors
    assert CheckpointLoader._get_checkpoint_loader(path.partition('//')[2]) is load_from_safetensors


def test_weights_beyond_float16():
    with pytest.raises(ValueError, match=r'fc\.weight.*7e\+04'):
        to_safetensors({'fc.weight': torch.tensor([1.0, -7e4])}, {})


def test_foreign_and_damaged_files(file, tmp_path):
    foreign = tmp_path / 'foreign.safetensors'
    save_file({'weight': torch.zeros(2)}, foreign)
    with pytest.raises(CheckpointError, match=r'foreign\.safetensors'):
        load_from_safetensors(foreign)
    for text in ('{"cut', 'null', '[1]', '[' * 100_000, '{"a": 1, "a": 2}', '{"a": "\\ud800"}'):
        save_file({'weight': torch.zeros(2)}, foreign, {'emonext_mm': text})
        with pytest.raises(CheckpointError, match=r'foreign\.safetensors.*emonext_mm'):
            load_from_safetensors(foreign)
    path, _ = file
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match=r'model\.safetensors'):
        load_from_safetensors(path)
    with pytest.raises(FileNotFoundError):
        load_from_safetensors(tmp_path / 'none.safetensors')
