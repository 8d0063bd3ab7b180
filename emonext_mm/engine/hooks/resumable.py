"""Check of a resumed training: its checkpoint has the state of a training, and its options are those of before."""
from __future__ import annotations

from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from emonext_mm.utils.checkpoint_content import check_resumable
from emonext_mm.utils.config_text import differences, format_differences, read_config_text

PARTS = ('model', 'data_preprocessor', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader',
         'custom_hooks')
# What depends on the machine, some of it changed by emonext_mm.compat.config, and weights that a resume does not load.
IGNORED = ('data_root', 'disable_subprocess_warning', 'init_cfg', 'num_workers', 'persistent_workers', 'pin_memory',
           'prefetch_factor', 'worker_init_fn', 'optim_wrapper.type', 'optim_wrapper.dtype',
           'optim_wrapper.loss_scale', 'optim_wrapper.use_fsdp')


class ResumableHook(Hook):
    """Check on a resume that the checkpoint has all that is resumed, before any of it is used.

    A warning names the options that differ from those of the checkpoint.

    Raises:
        CheckpointError: see :func:`~emonext_mm.utils.checkpoint_content.check_resumable`.
    """

    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        if runner.cfg.get('resume'):
            check_resumable(checkpoint)
            told = describe_changes(checkpoint['meta'].get('cfg'), runner.cfg)
            if told:
                runner.logger.warning(told)


def describe_changes(before: Any, now: Config) -> str:
    """Describe in one line the options of a training that differ; empty if there are none.

    Args:
        before: text of the config in the checkpoint, which may be anything.
    """
    try:
        configs = read_config_text(before), now.to_dict()
    except ValueError:
        return 'the checkpoint has no readable config, so that its options cannot be compared'
    one, other = ({key: cfg[key] for key in PARTS if key in cfg} for cfg in configs)
    changes = differences(one, other, IGNORED)
    return ('the options differ from those of the checkpoint, whose learning rates and schedules go on: '
            f'{format_differences(changes)}') if changes else ''
