import sys
from pathlib import Path

import mmpretrain
import pytest
from mmengine.config import Config

from emonext_mm.utils.command_line import (
    check_preprocessor,
    host_tool,
    merge_test_options,
    merge_train_options,
    parse_host_args,
)

CONFIG = Path(__file__).parents[2] / 'configs' / 'emonext_tiny_fer2013.py'


@pytest.fixture(autouse=True)
def _local_rank(monkeypatch):
    """The host's parser sets it for good."""
    monkeypatch.setenv('LOCAL_RANK', '0')


def test_options_of_train():
    args = parse_host_args('train', [
        'config.py', '--work-dir', 'here', '--resume', 'it.pth', '--amp', '--no-validate', '--auto-scale-lr',
        '--no-pin-memory', '--no-persistent-workers', '--launcher', 'pytorch',
        '--cfg-options', 'train_cfg.max_epochs=3', 'model.head.topk=[1,2]'])
    switches = ('amp', 'no_validate', 'auto_scale_lr', 'no_pin_memory', 'no_persistent_workers')
    assert args == dict(
        config='config.py', work_dir='here', resume='it.pth', launcher='pytorch',
        cfg_options={'train_cfg.max_epochs': 3, 'model.head.topk': [1, 2]}, **dict.fromkeys(switches, True))


def test_resume_without_a_path():
    assert parse_host_args('train', ['config.py', '--resume'])['resume'] == 'auto'
    assert parse_host_args('train', ['config.py'])['resume'] is None


def test_options_of_test():
    args = parse_host_args('test', [
        'config.py', 'it.pth', '--out', 'it.json', '--out-item', 'metrics', '--tta', '--amp', '--show-dir', 'shown',
        '--interval', '5', '--work-dir', 'here'])
    expected = dict(config='config.py', checkpoint='it.pth', out='it.json', out_item='metrics', tta=True, amp=True,
                    show_dir='shown', interval=5, work_dir='here')
    assert args.items() >= expected.items()


def test_arguments_of_the_process(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['train.py', 'mine.py'])
    assert parse_host_args('train')['config'] == 'mine.py'
    parse_host_args('train', ['other.py'])
    assert sys.argv == ['train.py', 'mine.py']


def test_editable_install_of_the_host(monkeypatch, tmp_path):
    (tmp_path / 'mmpretrain').mkdir()
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'train.py').write_text('here = True')
    monkeypatch.setattr(mmpretrain, '__file__', str(tmp_path / 'mmpretrain' / '__init__.py'))
    assert host_tool('train').here
    with pytest.raises(ImportError, match='pip install'):
        host_tool('test')


def options_of(name, *argv, **changes):
    options = parse_host_args(name, [CONFIG, *argv])
    del options['config']
    return {**options, **changes}


def test_train_options_are_merged_as_by_the_host():
    cfg = merge_train_options(CONFIG, options_of('train', '--resume', '--cfg-options', 'train_cfg.max_epochs=3'))
    assert (cfg.resume, cfg.load_from, cfg.train_cfg.max_epochs) == (True, None, 3)
    assert cfg.work_dir == './work_dirs/emonext_tiny_fer2013'


def test_a_given_config_is_not_changed():
    cfg = Config.fromfile(CONFIG)
    before = cfg.pretty_text
    assert merge_train_options(cfg, options_of('train', '--amp')).optim_wrapper.type == 'AmpOptimWrapper'
    merge_test_options(cfg, options_of('test', 'it.pth', '--tta'))
    assert cfg.pretty_text == before


def test_options_of_a_test_reach_the_model_under_tta():
    given = {'model.head.sa_weight': 3, 'tta_model.type': 'AverageLogitTTA'}
    options = options_of('test', 'it.pth', '--work-dir', 'here', '--tta', cfg_options=given)
    cfg = merge_test_options(CONFIG, options)
    assert (cfg.model.type, cfg.model.module.head.sa_weight) == ('AverageLogitTTA', 3)
    assert cfg.test_dataloader.dataset.pipeline[-1].type == 'TenCrop'
    assert (cfg.work_dir, cfg.load_from, options['cfg_options']) == ('here', 'it.pth', given)


def test_tta_of_a_wrapper():
    """Each data set inside of it gets the pipeline, the wrapper none."""
    cfg = Config.fromfile(CONFIG)
    part = cfg.test_dataloader.dataset
    repeated = dict(type='RepeatDataset', times=2, dataset=part)
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[part, repeated])
    merged = merge_test_options(cfg, options_of('test', 'it.pth', '--tta')).test_dataloader.dataset
    assert 'pipeline' not in merged
    assert 'pipeline' not in merged.datasets[1]
    assert [each.pipeline[-1].type for each in (merged.datasets[0], merged.datasets[1].dataset)] == ['TenCrop'] * 2
    assert merge_test_options(cfg, options_of('test', 'it.pth')).test_dataloader.dataset == cfg.test_dataloader.dataset


@pytest.mark.parametrize('tta', [[], ['--tta']])
def test_a_second_preprocessor_is_refused(tta):
    """MMEngine would ignore the first, and with it the normalisation."""
    option = ['--cfg-options', 'model.data_preprocessor.localization_size=96']
    with pytest.raises(ValueError, match=r'set data_preprocessor\.localization_size$'):
        merge_train_options(CONFIG, options_of('train', *option))
    with pytest.raises(ValueError, match=r'set data_preprocessor\.localization_size$'):
        merge_test_options(CONFIG, options_of('test', 'it.pth', *tta, *option))


def test_one_preprocessor_may_stand_in_either_place():
    for cfg in (dict(model=dict(type='X'), data_preprocessor=dict(mean=[0])),
                dict(model=dict(type='X', data_preprocessor=dict(mean=[0]))), dict(model=None), {}):
        check_preprocessor(Config(cfg))
