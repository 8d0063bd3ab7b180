"""The tools end the process group, whose threads could abort the process at its end."""
import pytest
import torch


@pytest.fixture
def group(tmp_path):
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    yield
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def test_after_a_test(group, config, call_tool, trained, tmp_path):
    call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path)
    assert not torch.distributed.is_initialized()


def test_after_a_training(group, config, call_tool, tmp_path):
    call_tool('train.py', config, '--work-dir', tmp_path, '--cfg-options', 'train_cfg.max_epochs=1')
    assert not torch.distributed.is_initialized()
