from types import SimpleNamespace

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine.runner import EpochBasedTrainLoop
from mmpretrain.engine import EMAHook
from torch import nn

from emonext_mm.utils.errors import CheckpointError


@pytest.mark.parametrize('factor', [-0.5, -0.1, -0.001, 0.0, 0.1, 0.5])
def test_hue_wraps_around_the_colour_circle(factor):
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL).astype(int)
    hsv[..., 0] = (hsv[..., 0] + int(factor * 255)) % 256
    expected = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR_FULL)
    np.testing.assert_array_equal(mmcv.adjust_hue(image, factor, 'cv2'), expected)


@pytest.mark.parametrize('module', [mmcv, mmcv.image, mmcv.image.photometric])
def test_hue_is_mended_under_every_name(module):
    assert module.adjust_hue(np.zeros((1, 1, 3), np.uint8), -0.1, 'cv2').shape == (1, 1, 3)


@pytest.fixture
def load_average():
    """Load an average of a layer with three outputs into the hook of a layer; return what the hook then holds."""

    def call(outputs, training, resume=False):
        hook = EMAHook()
        average = {'module.weight': torch.ones(3, 2), 'module.bias': torch.ones(3)}  # without its number of steps
        hook.before_run(SimpleNamespace(model=nn.Linear(2, outputs)))
        loop = object.__new__(EpochBasedTrainLoop) if training else dict(type='EpochBasedTrainLoop')
        weights = {key.removeprefix('module.'): torch.zeros_like(value) for key, value in average.items()}
        hook.after_load_checkpoint(SimpleNamespace(_resume=resume, _train_loop=loop),
                                   dict(state_dict=weights, ema_state_dict=average))
        return hook, weights

    return call


@pytest.mark.parametrize(('training', 'resume'), [(False, False), (True, False), (True, True)])
def test_average_of_this_model_is_loaded(load_average, training, resume):
    hook, weights = load_average(3, training, resume)
    assert not any(value.any() for value in hook.ema_model.module.state_dict().values())  # the hook's own swap
    assert all(value.all() for value in weights.values())
    assert hook.load_ema_from_ckpt


def test_new_training_leaves_out_the_average_of_another_model(load_average):
    """The weights that the model is to load are not swapped, and the copy is not what training starts from."""
    hook, weights = load_average(4, training=True)
    assert not any(value.any() for value in weights.values())
    assert not hook.load_ema_from_ckpt


@pytest.mark.parametrize(('training', 'resume'), [(False, False), (True, True)])
def test_average_of_another_model_is_refused(load_average, training, resume):
    with pytest.raises(CheckpointError, match=r'nothing was loaded.* Linear \(weight, bias\)'):
        load_average(4, training, resume)
