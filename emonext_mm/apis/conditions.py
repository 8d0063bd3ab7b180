"""Under which conditions a number was measured: without them it cannot be made again, nor compared."""
from __future__ import annotations

from pathlib import Path

from mmengine.hooks import EMAHook, Hook
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner


class ConditionsHook(Hook):
    """Notes what a test's checkpoint says of itself when it is loaded, and describes the test.

    ``runner.register_hook(ConditionsHook())`` before the test, :meth:`describe` after it.
    """

    def __init__(self) -> None:
        self.checkpoint: dict = {'epoch': None, 'weights': 'unknown'}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        meta = checkpoint.get('meta') or {}
        self.checkpoint = {'epoch': meta.get('epoch'), 'weights': _weights(runner, checkpoint, meta)}

    def describe(self, runner: Runner) -> dict:
        """The conditions of a test, all of them plain values.

        ``config`` (its name), ``checkpoint`` (the file), ``epoch`` (None if the file does not say), ``weights``
        ('EMA', 'raw' or 'unknown'), ``dataset``, ``split``, ``samples``, ``views`` of each image, and how there
        come to be several: ``transform`` and ``merge`` (None for a single view).
        """
        dataset = runner.test_dataloader.dataset
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        tta = isinstance(model, BaseTTAModel)
        return {
            'config': Path(runner.cfg.filename).stem if runner.cfg.filename else None,
            'checkpoint': runner._load_from,
            **self.checkpoint,
            'dataset': type(dataset).__name__,
            'split': getattr(dataset, 'split', None),
            'samples': len(dataset),
            'views': len(dataset[0]['inputs']) if tta else 1,
            'transform': type(dataset.pipeline.transforms[-1]).__name__ if tta else None,
            'merge': type(model).__name__ if tta else None,
        }


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
    if 'ema_state_dict' in checkpoint:
        return 'EMA'
    # Without it, a run that averaged may have been stripped, or stopped before the average began.
    return 'raw' if 'cfg' in meta and 'EMAHook' not in meta['cfg'] else 'unknown'
