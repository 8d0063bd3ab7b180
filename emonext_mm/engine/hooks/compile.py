"""``torch.compile`` for the part of a model that takes nearly all of the time."""
from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the backbone, of any model, for training, validation and test.

    ``--cfg-options default_hooks.compile.type=CompileHook`` adds it to any config here. The backbone stays the module
    it is: keys of checkpoints, EMA, DDP and resume do not notice. MMEngine's own switch, ``compile=True``, wraps all
    of ``train_step``, data samples, log and optimizer included, on which the compiler gives up again and again, and
    leaves validation and test out.

    A batch of another size, such as the last of a validation, costs one more compilation, not one for each size.

    Args:
        **options: those of ``torch.compile``, such as ``mode`` or ``backend``.

    Raises:
        ValueError: if the model has no backbone.
    """

    def __init__(self, **options) -> None:
        self.options = options

    def before_run(self, runner: Runner) -> None:
        # At any depth: DDP and test-time augmentation wrap the model.
        backbones = [module for name, module in runner.model.named_modules() if name.rpartition('.')[2] == 'backbone']
        if not backbones:
            raise ValueError(f'CompileHook: {type(runner.model).__name__} has no backbone')
        for backbone in backbones:
            backbone.compile(**self.options)
