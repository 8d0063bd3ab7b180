"""``torch.compile`` for the backbone, which takes nearly all of the computing time."""
from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the backbone of any model, for training, validation and test.

    ``--cfg-options default_hooks.compile.type=CompileHook`` adds the hook to any config. The module is compiled in
    place, so checkpoint keys, EMA, DDP and resume work as before. MMEngine's ``compile=True`` compiles the whole
    ``train_step``, whose data samples and logging cause many graph breaks, and does not cover validation and test.

    The first batch of another size, such as the last of a validation, costs one more compilation; later sizes do not.

    Args:
        **options: as in ``torch.compile``, such as ``mode`` or ``backend``.

    Raises:
        ValueError: the model has no backbone.
    """

    def __init__(self, **options) -> None:
        self.options = options

    def before_run(self, runner: Runner) -> None:
        # At any depth, since DDP and test-time augmentation wrap the model.
        backbones = [module for name, module in runner.model.named_modules() if name.rpartition('.')[2] == 'backbone']
        if not backbones:
            raise ValueError(f'CompileHook: {type(runner.model).__name__} has no backbone')
        for backbone in backbones:
            backbone.compile(**self.options)
