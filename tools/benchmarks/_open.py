"""Open FER2013's training faces in one way and say what it cost; ``dataset_open.py`` starts a process for each.

    python tools/benchmarks/_open.py ours data/fer2013

Prints JSON: seconds; peak_mb, by how much the process grew; kept_mb, what of it is left and its own, so not the pages
of a file that processes share. Imports are done before. Without Linux's /proc, it is the seconds alone.
"""
from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Callable


def ours() -> Callable[[Path], object]:
    from mmengine.logging import MMLogger

    from emonext_mm.datasets import FER2013
    MMLogger.get_current_instance().setLevel('ERROR')
    return lambda root: FER2013(str(root), split='train')


def pandas_split() -> Callable[[Path], object]:
    """What most notebooks do: read the csv, split each row's text."""
    import numpy as np
    import pandas as pd

    def read(root: Path) -> tuple:
        table = pd.read_csv(next(root.glob('*.csv')), skipinitialspace=True)
        images = np.stack([np.array(text.split(' '), np.uint8) for text in table['pixels']]).reshape(-1, 48, 48)
        return images, table['emotion'].to_numpy()

    return read


def torchvision_csv() -> Callable[[Path], object]:
    """torchvision's class. Its check of the file's MD5 is off, for only the original would pass."""
    from torchvision.datasets import fer2013
    fer2013.check_integrity = lambda *args, **kwargs: True
    return lambda root: fer2013.FER2013(root.parent, split='train')


def torchvision_folders() -> Callable[[Path], object]:
    """ImageFolder, and the first look at every image: it opens them only then."""
    import numpy as np
    from torchvision.datasets import ImageFolder
    return lambda root: [(np.asarray(image.convert('L')), label) for image, label in ImageFolder(root / 'train')]


PAGE = 4  # kB; no reading costs less
WAYS = {way.__name__: way for way in (ours, pandas_split, torchvision_csv, torchvision_folders)}


def cost(way: str, root: Path) -> dict[str, float]:
    """What it costs to open the faces of ``root`` in one of the ``WAYS``."""
    read = WAYS[way]()
    before = _memory()
    start = time.perf_counter()
    faces = read(root)  # noqa: F841 (alive until the memory has been looked at)
    found = {'seconds': time.perf_counter() - start}
    after = _memory()
    if before:
        found['peak_mb'] = max(PAGE, after['VmHWM'] - before['VmRSS']) / 1024
        found['kept_mb'] = max(PAGE, after['RssAnon'] - before['RssAnon']) / 1024
    return found


def _memory() -> dict[str, int]:
    """VmRSS, VmHWM (its peak from here on), RssAnon, ... of this process in kB; empty where there is no /proc."""
    try:
        lines = Path('/proc/self/status').read_text().splitlines()
        Path('/proc/self/clear_refs').write_text('5')  # the peak begins anew
    except OSError:
        return {}
    return {line.split(':')[0]: int(line.split()[1]) for line in lines if line.endswith(' kB')}


if __name__ == '__main__':
    print(json.dumps(cost(sys.argv[1], Path(sys.argv[2]))))
