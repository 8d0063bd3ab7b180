"""Options of a model and its images that differ between a training and what its checkpoint is used for."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from emonext_mm.utils.config_text import differences, format_differences, read_config_text

# What a training alone uses: weights to start from, losses, noise and memory.
IGNORED = ('init_cfg', 'pretrained', 'loss', 'loss_weight', 'sa_weight', 'drop_path_rate', 'frozen_stages', 'with_cp',
           'train_cfg', 'cal_acc', 'topk', 'batch_augments', 'photometry', 'shift', 'degrees', 'flip', 'zoom')


class TrainedOptionsHook(Hook):
    """Call :func:`warn_of_changes` for the checkpoint of a test."""

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        warn_of_changes(checkpoint, runner.cfg)


def warn_of_changes(checkpoint: Mapping[str, Any], cfg: Config) -> None:
    """Log a warning that names the options by which a config changes what a trained model computes.

    The weights fit a model of another activation too, and images of any mean, with wrong answers. A checkpoint that
    tells nothing of its training, such as a converted one, passes.

    Args:
        checkpoint: of a training, or published; its metadata may be anything.
        cfg: of a test or an export; a model for several views has the trained one as its ``module``.
    """
    now = cfg.to_dict()
    model = now.get('model')
    if isinstance(model, dict) and 'module' in model:
        now['model'] = model['module']
    before = _read_training(checkpoint.get('meta') or {})
    found = [each for part in before if part in now for each in differences(before[part], now[part], IGNORED, part)]
    if found:
        print_log(f'the checkpoint was trained with other options: {format_differences(found)}', 'current',
                  logging.WARNING)


def _read_training(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Trained model and data preprocessor, as far as the metadata of a checkpoint tell them."""
    if 'preprocessing' in meta:  # published
        return dict(data_preprocessor=meta['preprocessing'])
    try:
        cfg = read_config_text(meta.get('cfg'))
    except ValueError:
        return {}
    return {part: cfg[part] for part in ('model', 'data_preprocessor') if part in cfg}
