"""Start of a worker process of a data loader."""
from __future__ import annotations

import signal
import warnings

from mmengine.dist import get_rank
from mmengine.registry import FUNCTIONS
from torch.utils.data import get_worker_info

from emonext_mm.utils.interrupt import STOP_SIGNALS
from emonext_mm.utils.seeding import seed_libraries

SECONDS = 20  # from SIGTERM to the end of a worker that its training does not end


@FUNCTIONS.register_module()
def init_worker(worker_id: int, disable_subprocess_warning: bool = False) -> None:
    """Seed a worker, and leave the signals to its training, which ends it.

    MMEngine's ``worker_init_fn`` seeds with a constant: workers that are started at each epoch repeat the random
    changes of the first one. Here the seed is that of the data loader, which draws it when it starts its workers. A
    worker that ended at once at Ctrl-C or SIGTERM would end the training before it saves its state.

    Args:
        worker_id: number of the worker.
        disable_subprocess_warning: show warnings of the first worker alone.
    """
    seed_libraries([get_worker_info().seed, get_rank()])
    for number in STOP_SIGNALS:
        signal.signal(number, _outlive_the_step if number == signal.SIGTERM else signal.SIG_IGN)
    if disable_subprocess_warning and worker_id:
        warnings.simplefilter('ignore')


def _outlive_the_step(number: int, frame: object) -> None:
    """Leave the signal to the training, but end in a while: a process that exits also sends it, and waits."""
    signal.alarm(SECONDS)
