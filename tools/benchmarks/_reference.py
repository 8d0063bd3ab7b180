"""The authors' code (https://github.com/yelboudouri/EmoNeXt), imported from a checkout and run unchanged.

None of it is in this repository. It runs without the pretrained weights, which it would download, and without wandb, to
which it would report, so it is slightly faster than in normal use.
"""
from __future__ import annotations

import ast
import contextlib
import importlib
import io
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

from torch import nn
from torch.backends import cudnn

SIZES = ('tiny', 'small', 'base', 'large', 'xlarge')
_MODULES = ('models', 'scheduler', 'train', 'wandb')


class Reference:
    """Model, training loop and augmentation of a checkout.

    Args:
        path: folder of ``models.py`` and ``train.py``.

    Raises:
        FileNotFoundError: the folder lacks one of them.
        ImportError: a package that the two files need is not installed.
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
        # The import sets these for the process; they are meant for this side alone.
        self._cudnn = dict(enabled=True, benchmark=cudnn.benchmark, deterministic=cudnn.deterministic)
        cudnn.benchmark, cudnn.deterministic = before
        self._models.load_state_dict_from_url = lambda url: {'model': {}}
        self._output = tempfile.TemporaryDirectory(prefix='emonext_mm_')

    def model(self, size: str) -> nn.Module:
        """Build their EmoNeXt for seven classes, not trained.

        Raises:
            ValueError: the size is none of ``SIZES``.
        """
        if size not in SIZES:  # their code would build an xlarge
            raise ValueError(f"the authors' code has no size {size!r}, only {', '.join(SIZES)}")
        return self._models.get_model(7, size, in_22k=True)

    def epoch(self, size: str, batches: Iterable, amp: bool) -> Callable[[], None]:
        """Return their training epoch over ``batches`` of images and labels, on the device that their code chooses."""
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter('ignore', FutureWarning)  # of torch.cuda.amp
            trainer = self._train.Trainer(self.model(size), batches, None, None, classes=range(7),
                                          output_dir=self._output.name, amp=amp)

        def run() -> None:
            with cudnn.flags(**self._cudnn), contextlib.redirect_stdout(io.StringIO()):
                trainer.train_epoch()

        return run

    def train_transform(self) -> Callable:
        """Return their augmentation, which ``train.py`` defines only when it runs as a script.

        Raises:
            ValueError: ``train.py`` defines none.
        """
        for node in ast.walk(ast.parse((self.path / 'train.py').read_text())):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', None) == 'train_transform':
                return eval(compile(ast.Expression(node.value), 'train.py', 'eval'), vars(self._train))
        raise ValueError(f'{self.path / "train.py"} sets no train_transform')


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Make a folder's modules importable; afterwards ``sys.path`` and ``sys.modules`` are as before."""
    hidden = {name: sys.modules.pop(name) for name in _MODULES if name in sys.modules}
    path = list(sys.path)
    sys.modules['wandb'] = ModuleType('wandb')
    sys.modules['wandb'].watch = lambda *args, **kwargs: None
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = path
        for name in _MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)
