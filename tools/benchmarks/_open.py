"""Open FER2013's training faces with one reader and print the cost as JSON.

    python tools/benchmarks/_open.py ours data/fer2013

The keys are seconds; peak_mb, the growth of the process at its peak; kept_mb, the private memory that it keeps, which
excludes the pages of a mapped file. Imports are not counted. Without Linux's /proc there are seconds only.
``dataset_open.py`` starts a process for each measurement.
"""
from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def ours() -> Callable[[Path], object]:
    """This project's FER2013."""
    from mmengine.logging import MMLogger

    from emonext_mm.datasets import FER2013
    MMLogger.get_current_instance().setLevel('ERROR')
    return lambda root: FER2013(str(root), split='train')


def pandas_split() -> Callable[[Path], object]:
    """The way of most notebooks: pandas reads the csv, ``str.split`` the pixels of each row."""
    import numpy as np
    import pandas as pd

    def read(root: Path) -> tuple:
        table = pd.read_csv(next(root.glob('*.csv')), skipinitialspace=True)
        images = np.stack([np.array(text.split(' '), np.uint8) for text in table['pixels']]).reshape(-1, 48, 48)
        return images, table['emotion'].to_numpy()

    return read


def torchvision_csv() -> Callable[[Path], object]:
    """torchvision's FER2013 without its MD5 check, which only the original file passes."""
    from torchvision.datasets import fer2013
    fer2013.check_integrity = lambda *args, **kwargs: True
    return lambda root: fer2013.FER2013(root.parent, split='train')


def torchvision_folders() -> Callable[[Path], object]:
    """torchvision's ImageFolder, with every image read once, since it opens them on access."""
    import numpy as np
    from torchvision.datasets import ImageFolder
    return lambda root: [(np.asarray(image.convert('L')), label) for image, label in ImageFolder(root / 'train')]


PAGE = 4  # kB, the least memory that a process can grow by
READERS = {reader.__name__: reader for reader in (ours, pandas_split, torchvision_csv, torchvision_folders)}


def measure(reader: str, root: Path) -> dict[str, float]:
    """Measure the cost of opening the faces of ``root`` with one of ``READERS``."""
    read = READERS[reader]()
    before = _memory()
    start = time.perf_counter()
    faces = read(root)  # noqa: F841 (alive until the memory has been measured)
    cost = {'seconds': time.perf_counter() - start}
    after = _memory()
    if before:
        cost['peak_mb'] = max(PAGE, after['VmHWM'] - before['VmRSS']) / 1024
        cost['kept_mb'] = max(PAGE, after['RssAnon'] - before['RssAnon']) / 1024
    return cost


def _memory() -> dict[str, int]:
    """VmRSS, VmHWM (the peak since the last call), RssAnon, ... of this process in kB; empty without /proc."""
    try:
        lines = Path('/proc/self/status').read_text().splitlines()
        Path('/proc/self/clear_refs').write_text('5')  # reset the peak
    except OSError:
        return {}
    return {line.split(':')[0]: int(line.split()[1]) for line in lines if line.endswith(' kB')}


if __name__ == '__main__':
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
