"""Stopping a training that has ceased to get better."""
from __future__ import annotations

from mmengine.hooks import EarlyStoppingHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class EarlyStopping(EarlyStoppingHook):
    """The host's hook, of which a resumed training remembers what it had counted.

    It sees the validations alone, so PublicTest. ``--cfg-options default_hooks.early_stopping.type=EarlyStopping``
    adds it to any config here. What was counted is saved with the checkpoint of the next epoch: a training that is
    killed loses the count of at most one validation.

    Args:
        patience: validations without a better value after which training stops; 12 is the released code's.
        monitor: of the validation's metrics, the one that should grow.
    """

    priority = 'LOW'  # before the checkpoint hook, which saves once more when a validation was the best

    def __init__(self, patience: int = 12, monitor: str = 'accuracy/top1') -> None:
        # strict: a metric of another name must not switch the hook off. min_delta: any gain counts, but with 0 the
        # host would take the same value again for one.
        super().__init__(monitor, rule='greater', min_delta=1e-6, strict=True, patience=patience)

    def before_train(self, runner: Runner) -> None:
        counted = runner.message_hub.runtime_info.get('early_stopping')
        if counted is not None:
            self.best_score, self.wait_count = counted

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info('early_stopping', [float(self.best_score), self.wait_count])
