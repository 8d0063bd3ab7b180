"""Scripts of ``tools/`` in this process, which is afterwards as it was before."""
from __future__ import annotations

import random
import runpy
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.utils import ManagerMixin

ROOT = Path(__file__).parents[2]


def run_script(path: str | Path, *args: object) -> None:
    """Run ``python path *args`` in this process, which saves the imports."""
    with script_process(Path(path).parent), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', list(map(str, (path, *args))))
        runpy.run_path(str(path), run_name='__main__')


@contextmanager
def script_process(folder: Path) -> Iterator[None]:
    """Imitate the process of a script of ``folder``: its imports, no logger, message hub or visualizer of other runs.

    It works in one thread, which fixes the order of sums, and on the CPU, also where there is a GPU.
    """
    threads, cv2_threads = torch.get_num_threads(), cv2.getNumThreads()
    chance = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(torch.cuda, 'is_available', lambda: False)
        patch.setenv('LOCAL_RANK', '0')  # the host's tools set it
        patch.setenv('GOMP_SPINCOUNT', '30000')  # ours do
        for manager in subclasses(ManagerMixin):
            patch.setattr(manager, '_instance_dict', OrderedDict())
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            cv2.setNumThreads(cv2_threads)
            random.setstate(chance[0])
            np.random.set_state(chance[1])  # noqa: NPY002
            torch.set_rng_state(chance[2])
            for path in folder.glob('*.py'):
                if getattr(sys.modules.get(path.stem), '__file__', None) == str(path):
                    del sys.modules[path.stem]


def subclasses(cls: type) -> Iterator[type]:
    """All subclasses, direct and indirect."""
    for child in cls.__subclasses__():
        yield child
        yield from subclasses(child)
