"""The authors' code (https://github.com/yelboudouri/EmoNeXt), imported from a checkout and run as it stands.

None of it is in this repository. Two things are kept from it: pretrained weights, which it would download, and
wandb, to which it would report; without the latter it is a little faster than it really is.
"""
from __future__ import annotations

import ast
import contextlib
import importlib
import io
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Callable

from torch import nn
from torch.backends import cudnn

SIZES = ('tiny', 'small', 'base', 'large', 'xlarge')
_MODULES = ('models', 'scheduler', 'train', 'wandb')


class Reference:
    """What of a checkout is measured.

    Args:
        path: folder with ``models.py`` and ``train.py``.

    Raises:
        FileNotFoundError: it does not hold them.
        ImportError: a package that they need is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        for name in ('models.py', 'train.py'):
            if not (self.path / name).is_file():
                raise FileNotFoundError(f"{self.path} is no checkout of the authors' code: it has no {name}")
        before = cudnn.benchmark, cudnn.deterministic
        with _importable(self.path):
            try:
                self._models, self._train = map(importlib.import_module, ('models', 'train'))
            except ModuleNotFoundError as error:
                raise ImportError(f"the authors' code needs {error.name}: pip install -e '.[bench]'") from error
        # Importing it sets these for the whole process; they shall hold for this side alone.
        self._cudnn = dict(enabled=True, benchmark=cudnn.benchmark, deterministic=cudnn.deterministic)
        cudnn.benchmark, cudnn.deterministic = before
        self._models.load_state_dict_from_url = lambda url: {'model': {}}
        self._output = tempfile.TemporaryDirectory(prefix='emonext_mm_')

    def model(self, size: str) -> nn.Module:
        """Their EmoNeXt for seven classes, at its random start.

        Raises:
            ValueError: they have no such size.
        """
        if size not in SIZES:  # they would make it an xlarge
            raise ValueError(f"the authors' code has no size {size!r}, only {', '.join(SIZES)}")
        return self._models.get_model(7, size, in_22k=True)

    def epoch(self, size: str, batches: Iterable, amp: bool) -> Callable[[], None]:
        """Their training loop over ``batches`` of images and labels, on the device that they choose."""
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter('ignore', FutureWarning)  # of torch.cuda.amp
            trainer = self._train.Trainer(self.model(size), batches, None, None, classes=range(7),
                                          output_dir=self._output.name, amp=amp)

        def run() -> None:
            with cudnn.flags(**self._cudnn), contextlib.redirect_stdout(io.StringIO()):
                trainer.train_epoch()

        return run

    def train_transform(self) -> Callable:
        """Their augmentation, which stands in the part of ``train.py`` that runs only as a script.

        Raises:
            ValueError: it is not there.
        """
        for node in ast.walk(ast.parse((self.path / 'train.py').read_text())):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', None) == 'train_transform':
                return eval(compile(ast.Expression(node.value), 'train.py', 'eval'), vars(self._train))
        raise ValueError(f'{self.path / "train.py"} sets no train_transform')


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let a folder's modules be imported, and leave no name of theirs behind for others to stumble over."""
    hidden = {name: sys.modules.pop(name) for name in _MODULES if name in sys.modules}
    sys.modules['wandb'] = ModuleType('wandb')
    sys.modules['wandb'].watch = lambda *args, **kwargs: None
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in _MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)
