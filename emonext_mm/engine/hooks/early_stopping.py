"""Early stopping that survives a resume."""
from __future__ import annotations

from mmengine.hooks import EarlyStoppingHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class EarlyStopping(EarlyStoppingHook):
    """MMEngine's ``EarlyStoppingHook`` whose counter is saved and restored with the training.

    ``--cfg-options default_hooks.early_stopping.type=EarlyStopping`` adds the hook to any config. It uses validation
    results alone (PublicTest for FER2013). The counter is saved with the checkpoint; with ``SafeCheckpointHook`` a
    killed training loses no count, with MMEngine's that of one validation.

    Args:
        patience: number of validations without improvement after which training stops. Authors' code: 12.
        monitor: validation metric.
        rule: 'greater' or 'less': which value of the metric is the better one.

    Raises:
        RuntimeError: the validation has no such metric.
    """

    priority = 'LOW'  # before the checkpoint hook, which also saves after the best validation

    def __init__(self, patience: int = 12, monitor: str = 'accuracy/top1', rule: str = 'greater') -> None:
        # strict: a misspelt metric must be an error. min_delta: any improvement counts, but with 0 MMEngine would count
        # an equal value as an improvement.
        super().__init__(monitor, rule, min_delta=1e-6, strict=True, patience=patience)

    def before_train(self, runner: Runner) -> None:
        saved = runner.message_hub.runtime_info.get('early_stopping')
        if saved is not None:
            self.best_score, self.wait_count = saved

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info('early_stopping', [float(self.best_score), self.wait_count])
