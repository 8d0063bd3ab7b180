"""The conditions of a test: without them its metrics can be neither reproduced nor compared."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.hooks import EMAHook, Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner, autocast

from emonext_mm.utils.plain import to_plain


class ConditionsHook(Hook):
    """Record the metadata of a checkpoint when a runner loads it, and describe the test of that runner.

    Call ``runner.register_hook(ConditionsHook())`` before the test and :meth:`describe` after it.

    Args:
        cfg_options: options that were merged into the config file.
    """

    def __init__(self, cfg_options: dict | None = None) -> None:
        self.cfg_options = cfg_options or {}
        self.checkpoint: dict = {'epoch': None, 'iteration': None, 'weights': 'unknown'}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        meta = checkpoint.get('meta') or {}
        # Iteration-based training stores epoch 0.
        self.checkpoint = {'epoch': meta.get('epoch') or None, 'iteration': meta.get('iter'),
                           'weights': _weights(runner, checkpoint, meta)}

    def describe(self, runner: Runner, metrics: dict) -> dict:
        """Conditions of a test and its ``metrics``, as plain values:

        - ``config`` (name of the file), ``cfg_options``
        - ``checkpoint`` (path), ``epoch`` and ``iteration`` (None if the checkpoint does not store them; the epoch also
          after iteration-based training), ``weights`` ('EMA', 'raw' or 'unknown')
        - ``dataset`` (its config without the pipeline, which is enough to load the images again), ``split`` (the
          official name, such as PublicTest), ``samples``, ``leak_free`` (number of samples without a duplicate in
          training; None if unknown)
        - ``views`` per image; for several views their ``transform`` and ``merge``, else None
        - ``precision`` of the multiplications: float32 or, under ``--amp``, that of autocast on the device
        """
        dataset = runner.test_dataloader.dataset
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        tta = isinstance(model, BaseTTAModel)
        cfg = {key: value for key, value in runner.cfg.test_dataloader.dataset.items() if key != 'pipeline'}
        return to_plain({
            'config': Path(runner.cfg.filename).stem if runner.cfg.filename else None,
            'cfg_options': self.cfg_options,
            'checkpoint': runner.cfg.get('load_from'),
            **self.checkpoint,
            'dataset': _with_names(cfg),
            'split': getattr(dataset, 'official_split', getattr(dataset, 'split', None)),
            'samples': len(dataset),
            'leak_free': metrics.get('leak_free/samples'),
            'views': len(dataset[0]['inputs']) if tta else 1,
            'transform': type(_pipeline(dataset).transforms[-1]).__name__ if tta else None,
            'merge': type(model).__name__ if tta else None,
            'precision': _precision(enabled=getattr(runner.test_loop, 'fp16', False)),
        })


def _precision(enabled: bool) -> str:
    """Type of a product under MMEngine's autocast, which the test loop uses; it depends on the device."""
    one = torch.ones(1, 1, device=get_device())
    with autocast(enabled=enabled):
        return str((one @ one).dtype).removeprefix('torch.')


def _pipeline(dataset: Any) -> Any:
    """Pipeline of a data set, or of the first one inside of a wrapper such as ``ConcatDataset``."""
    while not hasattr(dataset, 'pipeline'):
        dataset = dataset.datasets[0] if hasattr(dataset, 'datasets') else dataset.dataset
    return dataset.pipeline


def subject_line(conditions: dict) -> str:
    """Format as ``Tested 3589 images of FER2013, PublicTest; 3283 of them are leak-free (...)``."""
    count = conditions['leak_free']
    leak_free = '' if count is None else f'; {count} of them are leak-free (no duplicate in training)'
    split = '' if conditions['split'] is None else f', {conditions["split"]}'
    return f'Tested {conditions["samples"]} images of {dataset_name(conditions["dataset"])}{split}{leak_free}'


def dataset_name(cfg: dict) -> str:
    """Format the data set of a test as ``FER2013`` or, with other labels than its own, ``FER2013 (FER+ majority)``."""
    return cfg['type'] + (f' (FER+ {cfg["ferplus"]})' if cfg.get('ferplus') else '')


def conditions_line(conditions: dict) -> str:
    """Format as ``emonext_tiny_fer2013, epoch 27, EMA weights, single view``, and the precision if not float32."""
    views = 'single view'
    if conditions['views'] > 1:
        views = f'{conditions["views"]} views ({conditions["transform"]}, {conditions["merge"]})'
    precision = conditions.get('precision', 'float32')  # missing in files of before
    return (f'{conditions["config"]}, {_progress(conditions)}, {conditions["weights"]} weights, {views}'
            + (f', {precision}' if precision != 'float32' else ''))


def _progress(conditions: dict) -> str:
    if conditions['epoch'] is None and conditions['iteration'] is not None:
        return f'iteration {conditions["iteration"]}'
    return f'epoch {conditions["epoch"] or "unknown"}'


def _weights(runner: Runner, checkpoint: dict, meta: dict) -> str:
    """Kind of the tested weights: ``state_dict`` holds the average if the training kept one."""
    if any(isinstance(hook, EMAHook) for hook in runner.hooks):
        return 'raw'  # compat.config keeps the hook in a test only where it restores the raw weights
    if 'weights' in meta:  # converted from another format
        return meta['weights']
    if 'ema_state_dict' in checkpoint:
        return 'EMA'
    # The average may have been removed from the checkpoint, or training stopped before the average began.
    return 'raw' if 'cfg' in meta and 'EMAHook' not in meta['cfg'] else 'unknown'


def _with_names(value: Any) -> Any:
    """Replace classes by their names, and types with a scope or a module (``mmpretrain.FER2013``) by the name alone.

    A config in pure Python gives the class itself as ``type``.
    """
    if isinstance(value, dict):
        return {key: item.rpartition('.')[2] if key == 'type' and isinstance(item, str) else _with_names(item)
                for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_names(item) for item in value]
    return value.__name__ if isinstance(value, type) else value
