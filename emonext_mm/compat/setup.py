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
    from emonext_mm.compat.checkpoints import load_weights_only, refuse_foreign_weights
    from emonext_mm.compat.functions import checkpoint_without_reentry, copy_subsets_afresh, shift_hue_down
    from emonext_mm.compat.packages import resolve_scope_bases
    from emonext_mm.compat.process import init_cpu_dist, keep_freed_memory, silence_known_warnings
    silence_known_warnings()
    resolve_scope_bases()
    load_weights_only()
    refuse_foreign_weights()
    init_cpu_dist()
    keep_freed_memory()
    shift_hue_down()
    checkpoint_without_reentry()
    copy_subsets_afresh()
