"""Under which conditions a number was measured: without them it cannot be made again, nor compared."""
from __future__ import annotations

from pathlib import Path

from mmengine.hooks import EMAHook, Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner

from emonext_mm.utils.plain import to_plain


class ConditionsHook(Hook):
    """Notes what a test's checkpoint says of itself when it is loaded, and describes the test.

    ``runner.register_hook(ConditionsHook())`` before the test, :meth:`describe` after it.

    Args:
        cfg_options: by which the config differs from its file.
    """

    def __init__(self, cfg_options: dict | None = None) -> None:
        self.cfg_options = cfg_options or {}
        self.checkpoint: dict = {'epoch': None, 'weights': 'unknown'}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        meta = checkpoint.get('meta') or {}
        self.checkpoint = {'epoch': meta.get('epoch'), 'weights': _weights(runner, checkpoint, meta)}

    def describe(self, runner: Runner, metrics: dict) -> dict:
        """The conditions of a test that gave ``metrics``, all of them plain values.

        - ``config`` (its name), ``cfg_options``
        - ``checkpoint`` (the file), ``epoch`` (None if the file does not say), ``weights`` ('EMA', 'raw' or 'unknown')
        - ``dataset`` (its config but for the pipeline: enough to find the images again), ``split`` (its official
          name, such as PublicTest), ``samples``, ``clean`` (how many of them have no copy in training; None where
          that is not known)
        - ``views`` of each image, and how there come to be several: ``transform`` and ``merge`` (None for a single one)
        """
        dataset = runner.test_dataloader.dataset
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        tta = isinstance(model, BaseTTAModel)
        cfg = {key: value for key, value in runner.cfg.test_dataloader.dataset.items() if key != 'pipeline'}
        return to_plain({
            'config': Path(runner.cfg.filename).stem if runner.cfg.filename else None,
            'cfg_options': self.cfg_options,
            'checkpoint': runner._load_from,
            **self.checkpoint,
            'dataset': cfg,
            'split': getattr(dataset, 'official_split', getattr(dataset, 'split', None)),
            'samples': len(dataset),
            'clean': metrics.get('clean/samples'),
            'views': len(dataset[0]['inputs']) if tta else 1,
            'transform': type(dataset.pipeline.transforms[-1]).__name__ if tta else None,
            'merge': type(model).__name__ if tta else None,
        })


def subject_line(conditions: dict) -> str:
    """``Tested 3589 images of FER2013, PublicTest; 3283 of them have no copy in training``."""
    clean = '' if conditions['clean'] is None else f'; {conditions["clean"]} of them have no copy in training'
    return f'Tested {conditions["samples"]} images of {conditions["dataset"]["type"]}, {conditions["split"]}{clean}'


def conditions_line(conditions: dict) -> str:
    """``emonext_tiny_fer2013, epoch 27, EMA weights, single view``."""
    views = 'single view'
    if conditions['views'] > 1:
        views = f'{conditions["views"]} views ({conditions["transform"]}, {conditions["merge"]})'
    return (f'{conditions["config"]}, epoch {conditions["epoch"] or "unknown"}, {conditions["weights"]} weights, '
            f'{views}')


def _weights(runner: Runner, checkpoint: dict, meta: dict) -> str:
    """Which weights of the checkpoint the test uses: ``state_dict`` is the average wherever one was kept."""
    if any(isinstance(hook, EMAHook) for hook in runner.hooks):
        return 'raw'  # emonext_mm.host leaves the hook only where it brings them back
    if 'weights' in meta:  # converted from elsewhere
        return meta['weights']
    if 'ema_state_dict' in checkpoint:
        return 'EMA'
    # Without it, a run that averaged may have been stripped, or stopped before the average began.
    return 'raw' if 'cfg' in meta and 'EMAHook' not in meta['cfg'] else 'unknown'
