"""The commit of this package in the checkpoints of a training."""
from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from emonext_mm.utils.commit import find_commit


class CommitHook(Hook):
    """Store the commit at the start of the training as ``meta.commit`` of each checkpoint.

    A training that is resumed on another commit has both, with a comma between them.
    """

    def __init__(self) -> None:
        self.commit = find_commit()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        before = checkpoint.get('meta', {}).get('commit') if runner.cfg.get('resume') else None
        if before:
            self.commit = before if self.commit in before.split(', ') else f'{before}, {self.commit}'

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        checkpoint['meta']['commit'] = self.commit
