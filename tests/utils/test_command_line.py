import os
import sys
from argparse import Namespace
from pathlib import Path

import mmpretrain
import pytest

from emonext_mm.utils.command_line import find_checkpoint, host_tool, read_test_config
from emonext_mm.utils.errors import CheckpointError, one_line_errors


def parse(name, monkeypatch, *args):
    monkeypatch.setenv('LOCAL_RANK', '0')  # the host sets it; this takes it back
    monkeypatch.setattr(sys, 'argv', [name, *args])
    return vars(host_tool(name).parse_args())


def test_options_of_train(monkeypatch):
    args = parse('train', monkeypatch, 'config.py', '--work-dir', 'here', '--resume', 'it.pth', '--amp',
                 '--no-validate', '--auto-scale-lr', '--no-pin-memory', '--no-persistent-workers',
                 '--launcher', 'pytorch', '--cfg-options', 'train_cfg.max_epochs=3', 'model.head.topk=[1,2]')
    switches = ('amp', 'no_validate', 'auto_scale_lr', 'no_pin_memory', 'no_persistent_workers')
    expected = dict(config='config.py', work_dir='here', resume='it.pth', launcher='pytorch', local_rank=0,
                    cfg_options={'train_cfg.max_epochs': 3, 'model.head.topk': [1, 2]}, **dict.fromkeys(switches, True))
    assert args == expected


def test_resume_without_a_path(monkeypatch):
    assert parse('train', monkeypatch, 'config.py', '--resume')['resume'] == 'auto'
    assert parse('train', monkeypatch, 'config.py')['resume'] is None


def test_options_of_test(monkeypatch):
    args = parse('test', monkeypatch, 'config.py', 'it.pth', '--out', 'it.json', '--out-item', 'metrics', '--tta',
                 '--amp', '--show-dir', 'shown', '--interval', '5', '--work-dir', 'here')
    expected = dict(config='config.py', checkpoint='it.pth', out='it.json', out_item='metrics', tta=True, amp=True,
                    show_dir='shown', interval=5, work_dir='here')
    assert args.items() >= expected.items()


def test_editable_install(monkeypatch, tmp_path):
    (tmp_path / 'mmpretrain').mkdir()
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'train.py').write_text('here = True')
    monkeypatch.setattr(mmpretrain, '__file__', str(tmp_path / 'mmpretrain' / '__init__.py'))
    assert host_tool('train').here
    with pytest.raises(ImportError, match='comes without its tools: pip install'):
        host_tool('test')


@pytest.mark.parametrize('error', [ValueError, FileNotFoundError, ConnectionError, ImportError, CheckpointError])
def test_bad_input_is_one_line(error):
    with pytest.raises(SystemExit) as end, one_line_errors():
        raise error('what.pth is bad')
    assert end.value.code == 'error: what.pth is bad'


@pytest.mark.parametrize('error', [TypeError, KeyError, RuntimeError, AssertionError, ZeroDivisionError])
def test_a_defect_keeps_its_traceback(error):
    with pytest.raises(error, match='why'), one_line_errors():
        raise error('why')


def test_every_traceback_on_demand(monkeypatch):
    monkeypatch.setenv('EMONEXT_TRACEBACK', '1')
    with pytest.raises(ValueError, match='why'), one_line_errors():
        raise ValueError('why')


def test_no_error():
    with one_line_errors():
        done = True
    assert done


def test_find_checkpoint(tmp_path):
    """A file is itself; a work dir its newest best checkpoint, else its last, else an error that names it."""
    assert find_checkpoint('some.pth') == Path('some.pth')
    with pytest.raises(FileNotFoundError, match=f'{tmp_path} holds no checkpoint'):
        find_checkpoint(tmp_path)
    (tmp_path / 'last_checkpoint').write_text('/runs/epoch_3.pth')
    assert find_checkpoint(tmp_path) == Path('/runs/epoch_3.pth')
    for age, name in enumerate(('best_9.pth', 'best_10.pth')):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (age, age))
    assert find_checkpoint(tmp_path) == tmp_path / 'best_10.pth'


def test_options_of_a_test_reach_the_model_under_tta():
    config = Path(__file__).parents[2] / 'configs' / 'emonext_tiny_fer2013.py'
    options = {'model.head.sa_weight': 3, 'tta_model.type': 'AverageLogitTTA'}
    args = Namespace(config=str(config), work_dir='here', checkpoint='it.pth', cfg_options=options, tta=True, amp=False,
                     launcher='none', show=False, show_dir=None, no_pin_memory=False)
    cfg = read_test_config(args)
    assert (cfg.model.type, cfg.model.module.head.sa_weight) == ('AverageLogitTTA', 3)
    assert cfg.test_dataloader.dataset.pipeline[-1].type == 'TenCrop'
    assert (cfg.work_dir, cfg.load_from, args.cfg_options) == ('here', 'it.pth', options)
