from types import SimpleNamespace

import pytest
from mmengine.hooks import EMAHook

from emonext_mm.evaluation.conditions import ConditionsHook, conditions_line, subject_line

AVERAGED, PLAIN = 'custom_hooks = [dict(type="EMAHook")]', 'custom_hooks = []'


@pytest.mark.parametrize(('checkpoint', 'hooks', 'expected'), [
    (dict(meta=dict(epoch=4, cfg=AVERAGED), ema_state_dict={}), [], (4, 'EMA')),
    (dict(meta=dict(epoch=4, cfg=AVERAGED), ema_state_dict={}), [EMAHook()], (4, 'raw')),
    (dict(meta=dict(epoch=4, cfg=PLAIN)), [], (4, 'raw')),
    (dict(meta=dict(epoch=4, cfg=AVERAGED)), [], (4, 'unknown')),  # stripped of one of the two
    (dict(meta=dict(weights='EMA')), [], (None, 'EMA')),  # converted
    (dict(state_dict={}), [], (None, 'unknown')),
    ({}, [], (None, 'unknown')),
])
def test_weights(checkpoint, hooks, expected):
    hook = ConditionsHook()
    hook.after_load_checkpoint(SimpleNamespace(hooks=[*hooks, hook]), checkpoint)
    assert (hook.checkpoint['epoch'], hook.checkpoint['weights']) == expected


CONDITIONS = dict(config='it', epoch=4, weights='EMA', dataset=dict(type='FER2013'), split='PublicTest', samples=10,
                  clean=None, views=1, transform=None, merge=None)


@pytest.mark.parametrize(('changes', 'expected'), [
    ({}, 'it, epoch 4, EMA weights, single view'),
    (dict(epoch=None), 'it, epoch unknown, EMA weights, single view'),
    (dict(views=10, transform='TenCrop', merge='It'), 'it, epoch 4, EMA weights, 10 views (TenCrop, It)'),
])
def test_conditions_line(changes, expected):
    assert conditions_line({**CONDITIONS, **changes}) == expected


@pytest.mark.parametrize(('clean', 'expected'), [
    (None, 'Tested 10 images of FER2013, PublicTest'),
    (0, 'Tested 10 images of FER2013, PublicTest; 0 of them have no copy in training'),
])
def test_subject_line(clean, expected):
    assert subject_line({**CONDITIONS, 'clean': clean}) == expected
