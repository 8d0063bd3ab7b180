"""All work-arounds that concern the whole process."""
from __future__ import annotations

import functools


@functools.cache
def setup() -> None:
    """Apply every work-around for the process. A second call changes nothing.

    Our tools and ``emonext_mm.apis`` call it. Call it yourself before you use functions of MMEngine or MMPretrain
    (checkpoint loader, Runner, inferencers) with today's PyTorch, NumPy and setuptools.
    """
    # The imports stand here because emonext_mm.compat is imported before the versions of its requirements are checked.
    from emonext_mm.compat.batch_norm import sync_batch_norm_on_cpu
    from emonext_mm.compat.checkpoints import load_weights_only, load_whole_models, refuse_unfit_weights
    from emonext_mm.compat.custom_dataset import label_folders_by_name, name_lines_of_lists, refuse_other_suffixes
    from emonext_mm.compat.functions import (
        average_of_new_training,
        checkpoint_without_reentry,
        copy_subsets_afresh,
        name_missing_tasks,
        shift_hue_down,
    )
    from emonext_mm.compat.packages import resolve_own_scope, resolve_scope_bases
    from emonext_mm.compat.process import init_cpu_dist, keep_freed_memory, silence_known_warnings
    silence_known_warnings()
    resolve_scope_bases()
    resolve_own_scope()
    load_weights_only()
    refuse_unfit_weights()
    load_whole_models()
    init_cpu_dist()
    sync_batch_norm_on_cpu()
    keep_freed_memory()
    shift_hue_down()
    checkpoint_without_reentry()
    copy_subsets_afresh()
    average_of_new_training()
    name_missing_tasks()
    label_folders_by_name()
    refuse_other_suffixes()
    name_lines_of_lists()
