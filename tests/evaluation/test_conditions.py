"""The conditions of a test, and the lines that print them."""
import json
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import EMAHook

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.evaluation.conditions import ConditionsHook, conditions_line, subject_line
from tests.helpers.fer2013_files import make_faces, write_fer2013

AVERAGED, PLAIN = 'custom_hooks = [dict(type="EMAHook")]', 'custom_hooks = []'


@pytest.mark.parametrize(('checkpoint', 'hooks', 'expected'), [
    (dict(meta=dict(epoch=4, cfg=AVERAGED), ema_state_dict={}), [], (4, None, 'EMA')),
    (dict(meta=dict(epoch=4, iter=36, cfg=AVERAGED), ema_state_dict={}), [EMAHook()], (4, 36, 'raw')),
    (dict(meta=dict(epoch=4, cfg=PLAIN)), [], (4, None, 'raw')),
    (dict(meta=dict(epoch=4, cfg=AVERAGED)), [], (4, None, 'unknown')),  # one of the two was stripped
    (dict(meta=dict(epoch=0, iter=500, cfg=PLAIN)), [], (None, 500, 'raw')),  # iteration-based training
    (dict(meta=dict(weights='EMA')), [], (None, None, 'EMA')),  # converted
    (dict(state_dict={}), [], (None, None, 'unknown')),
    ({}, [], (None, None, 'unknown')),
])
def test_checkpoint(checkpoint, hooks, expected):
    hook = ConditionsHook()
    hook.after_load_checkpoint(SimpleNamespace(hooks=[*hooks, hook]), checkpoint)
    assert tuple(hook.checkpoint[key] for key in ('epoch', 'iteration', 'weights')) == expected


def describe(dataset, cfg, hook=None, metrics=None, amp=False, **kwargs):
    cfg = Config(dict(test_dataloader=dict(dataset=cfg), **kwargs), cfg_text='it', filename='configs/it.py')
    runner = SimpleNamespace(cfg=cfg, test_dataloader=SimpleNamespace(dataset=dataset), model=torch.nn.Linear(1, 1),
                             test_loop=SimpleNamespace(fp16=amp))
    return (hook or ConditionsHook()).describe(runner, metrics or {})


def test_a_test_without_options():
    cfg = dict(type='SyntheticFER', num_samples=3, split='val', pipeline=[dict(type='PackInputs')])
    assert describe(SyntheticFER(3, 'val'), cfg) == dict(
        config='it', cfg_options={}, checkpoint=None, epoch=None, iteration=None, weights='unknown',
        dataset=dict(type='SyntheticFER', num_samples=3, split='val'), split='val', samples=3, leak_free=None,
        views=1, transform=None, merge=None, precision='float32')


def test_precision_under_amp():
    expected = dict(cpu='bfloat16', cuda='float16')[get_device()]
    assert describe(SyntheticFER(2), dict(type='SyntheticFER'), amp=True)['precision'] == expected


def test_checkpoint_options_and_leak_free_images(tmp_path):
    write_fer2013(tmp_path, make_faces())
    conditions = describe(FER2013(str(tmp_path), 'val'), dict(type='FER2013'), ConditionsHook({'a.b': 1}),
                          {'leak_free/samples': 5}, load_from='it.pth')
    assert [conditions[key] for key in ('checkpoint', 'cfg_options', 'leak_free')] == ['it.pth', {'a.b': 1}, 5]


def test_official_name_of_the_split():
    dataset = SyntheticFER(2, 'val')
    dataset.official_split = 'PublicTest'
    assert describe(dataset, dict(type='SyntheticFER'))['split'] == 'PublicTest'


def test_classes_in_place_of_names():
    """As a config in pure Python gives them."""
    conditions = describe(SyntheticFER(2), dict(type=SyntheticFER, parts=[dict(type=FER2013)]))
    assert describe(SyntheticFER(2), dict(type='mmpretrain.SyntheticFER', split='train'))['dataset'] == dict(
        type='SyntheticFER', split='train')
    assert json.loads(json.dumps(conditions['dataset'])) == dict(type='SyntheticFER', parts=[dict(type='FER2013')])
    assert 'SyntheticFER, train' in subject_line(conditions)


CONDITIONS = dict(config='it', epoch=4, iteration=36, weights='EMA', dataset=dict(type='FER2013'), split='PublicTest',
                  samples=10, leak_free=None, views=1, transform=None, merge=None)


@pytest.mark.parametrize(('changes', 'expected'), [
    ({}, ['it', 'epoch 4', 'EMA weights', 'single view']),
    (dict(epoch=None), ['it', 'iteration 36', 'EMA weights', 'single view']),
    (dict(epoch=None, iteration=None), ['it', 'epoch unknown', 'EMA weights', 'single view']),
    (dict(precision='float32'), ['it', 'epoch 4', 'EMA weights', 'single view']),
    (dict(precision='float16'), ['it', 'epoch 4', 'EMA weights', 'single view', 'float16']),
    (dict(views=10, transform='TenCrop', merge='It'), ['it', 'epoch 4', 'EMA weights', '10 views (TenCrop', 'It)']),
])
def test_conditions_line(changes, expected):
    assert conditions_line({**CONDITIONS, **changes}).split(', ') == expected


def test_subject_line():
    assert all(word in subject_line(CONDITIONS) for word in ('10 images', 'FER2013', 'PublicTest'))
    assert 'leak-free' not in subject_line(CONDITIONS)
    assert '0 of them are leak-free' in subject_line({**CONDITIONS, 'leak_free': 0})
    assert 'None' not in subject_line({**CONDITIONS, 'split': None})
    named = subject_line({**CONDITIONS, 'dataset': dict(type='FER2013', ferplus='soft')})
    assert all(word in named for word in ('FER2013', 'FER+', 'soft', 'PublicTest'))
    assert 'FER+' not in subject_line({**CONDITIONS, 'dataset': dict(type='FER2013', ferplus=None)})
