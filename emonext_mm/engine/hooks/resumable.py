"""Refusal of a checkpoint that has no state of a training."""
from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from emonext_mm.utils.checkpoint_content import check_resumable


class ResumableHook(Hook):
    """Check on a resume that the checkpoint has all that is resumed, before any of it is used.

    Raises:
        CheckpointError: see :func:`~emonext_mm.utils.checkpoint_content.check_resumable`.
    """

    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if runner.cfg.get('resume'):
            check_resumable(checkpoint)
