"""Values as they are typed, and unknown keys with the nearest known one."""
import argparse

import pytest
from mmengine.config import Config
from mmpretrain.registry import MODELS

from emonext_mm.utils.options import (
    OptionAction,
    explain_unknown_keys,
    format_options,
    merge_options,
    parse_value,
)


def parse(*options):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction)
    return parser.parse_args(['--cfg-options', *options]).cfg_options


@pytest.mark.parametrize(('key', 'text', 'value'), [
    ('train_dataloader.dataset.data_root', '/my data/x,y', '/my data/x,y'),
    ('data_root', '2013', '2013'),
    ('load_from', 'my run, 2/best.pth', 'my run, 2/best.pth'),
    ('model.backbone.init_cfg.checkpoint', 'timm://a,b', 'timm://a,b'),
    ('x', 'C:\\my data,2', 'C:\\my data,2'),
    ('data_root', 'None', None),
    ('data_root', '[a/b, c d/e]', ['a/b', 'c d/e']),
    ('name', 'two words', 'two words'),
    ('name', '"2013"', '2013'),
    ('name', "'a, b'", 'a, b'),
    ('name', 'it=is', 'it=is'),
    ('x', '2013', 2013),
    ('x', '1e-3', 0.001),
    ('x', 'true', True),
    ('x', '1,2', [1, 2]),
    ('x', '[ 1, (2 ,a b) ]', [1, (2, 'a b')]),
    ('x', '[]', []),
    ('x', 'A,B', ['A', 'B']),
    ('x', '', ''),
])
def test_values(key, text, value):
    assert parse(f'{key}={text}') == {key: value}


@pytest.mark.parametrize('value', [0.001, 3, True, None, 'A', '3', 'x,y', '[1', '', "it's", 'two words', [], [1, 'b'],
                                   (1, 2), [(1, 2), (3, 4)]])
@pytest.mark.parametrize('key', ['x.y', 'data_root'])
def test_formatted_they_are_read_again(key, value):
    if key == 'x.y' or isinstance(value, str):
        text, = format_options({key: value})
        assert parse(text) == {key: value}


@pytest.mark.parametrize('option', ['novalue', '=3', ' x=3'])
def test_no_key_or_value(option):
    with pytest.raises(ValueError, match=repr(option)):
        parse(option)


def test_brackets_that_do_not_match():
    with pytest.raises(ValueError, match=r'x y: .*\[1, a b'):
        parse_value('x y', '[1, a b')


def config():
    return Config(dict(
        model=dict(type='EmoNeXt', arch='atto', se_after=[0]),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        custom_hooks=[dict(type='EMAHook', momentum=0.1)],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        optim_wrapper=dict(paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1)))),
        load_from=None))


@pytest.fixture
def warned(monkeypatch):
    """Collect what is logged."""
    lines = []
    monkeypatch.setattr('emonext_mm.utils.options.print_log', lambda text, *_: lines.append(text))
    return lines


@pytest.mark.parametrize(('option', 'nearest'), [
    ('train_cfg.max_epoch', 'max_epochs'),
    ('load_frm', 'load_from'),
    ('randomnes.seed', 'randomness'),
    ('custom_hooks.0.momentun', 'momentum'),
    ('model.se_befor', 'se_before'),
    ('model.layer_scale_init', 'layer_scale_init_value'),  # of the base class
    ('default_hooks.chekpoint.interval', 'checkpoint'),
    ('default_hooks.checkpoint.save_bst', 'save_best'),
])
def test_nearest_known_key(warned, option, nearest):
    merge_options(config(), {option: 1})
    assert len(warned) == 1
    assert f'nearest: {nearest})' in warned[0]
    assert option in warned[0]


def test_unknown_at_the_top_without_a_near_one(warned):
    merge_options(config(), dict(zyxw=1))
    assert 'zyxw' in warned[0]
    assert 'nearest' not in warned[0]


@pytest.mark.parametrize('options', [
    {'train_cfg.max_epochs': 5, 'custom_hooks.0.momentum': 0.2, 'load_from': 'x.pth', 'work_dir': 'here'},
    {'model.se_before': [1], 'model.with_cp': True, 'model.drop_path_rate': 0.1},  # arguments of class and base class
    {'default_hooks.early_stopping.type': 'EarlyStopping', 'default_hooks.early_stopping.patience': 2},
    {'default_hooks.checkpoint2': dict(type='CheckpointHook')},
    {'optim_wrapper.paramwise_cfg.custom_keys.localization.lr_mult': 0.1},
    {'auto_scale_lr.enable': True, 'tta_model.type': 'X', 'randomness.seed': 1, 'resume': True},
])
def test_known_keys(warned, options):
    merge_options(config(), options)
    assert warned == []


@pytest.mark.parametrize(('options', 'told'), [
    ({'custom_hooks.7.x': 1}, '7'), ({'model.arch.depths': [1]}, 'model.arch.depths'),
])
def test_option_that_does_not_fit(options, told):
    with pytest.raises(ValueError, match=told):
        merge_options(config(), options)


def build(**changes):
    cfg = Config(dict(model=dict(type='EmoNeXt', arch=dict(depths=[1], channels=[8]), out_indices=0, se_after=[0])))
    cfg.merge_from_dict(changes)
    with explain_unknown_keys(cfg):
        MODELS.build(cfg.model)


def test_key_that_a_class_does_not_have():
    with pytest.raises(ValueError, match=r'model\.se_aftr \(nearest: se_after\)'):
        build(**{'model.se_aftr': []})


def test_type_that_is_not_registered():
    with pytest.raises(ValueError, match=r'model\.type=EmoNext \(nearest: EmoNeXt\)'):
        build(**{'model.type': 'EmoNext'})


def test_other_errors_pass():
    cfg = Config(dict(model=dict(type='X', a=1)))
    for error in (TypeError("f() got an unexpected keyword argument 'b'"), TypeError('a'), KeyError('a'), TypeError()):
        with pytest.raises(type(error)), explain_unknown_keys(cfg):
            raise error
