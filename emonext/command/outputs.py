"""The files that ``emonext predict`` writes: none of them may be one that it reads."""
from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emonext.errors import EmonextError, OutputError
from emonext.sources import PICTURES, VIDEOS, Item

STDOUT = '-'
FILES = ('json', 'csv', 'video', 'timeline')
SUFFIXES = {'video': '.mp4', 'timeline': '.png'}


class Outputs:
    """Output files and folder of a command line.

    Raises:
        EmonextError: two outputs are one file; an output is an input, a folder, or has another suffix.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        named = {option: str(value) for option in FILES if (value := getattr(args, option)) and str(value) != STDOUT}
        self._files: dict[str, str] = {}
        inputs = {os.path.realpath(source): source for source in [*args.sources, str(args.faces), str(args.model)]}
        for option, path in named.items():
            real = os.path.realpath(path)
            if Path(path).suffix.lower() != SUFFIXES.get(option, Path(path).suffix.lower()):
                raise EmonextError(f'--{option} {path}: expected a name that ends with {SUFFIXES[option]}')
            if os.path.isdir(path):
                raise EmonextError(f'--{option} {path}: this is a folder')
            if real in inputs:
                raise EmonextError(f'--{option} {path} would overwrite an input')
            if option in ('json', 'csv') and Path(path).suffix.lower() in PICTURES | VIDEOS:
                raise EmonextError(f'--{option} {path}: this name is one of a picture or video')
            if real in self._files:
                raise EmonextError(f'--{option} {path} and --{self._files[real]} are one file')
            self._files[real] = option
        self._folder = os.path.realpath(args.save) if args.save else None
        if self._folder and os.path.exists(self._folder) and not os.path.isdir(self._folder):
            raise EmonextError(f'--save {args.save}: this is a file')
        if self._folder in inputs:
            raise EmonextError(f'--save {args.save}: this folder is a source')
        self.given = set(inputs)

    def contain(self, item: Item) -> bool:
        """Whether an item that was found in a folder or by a pattern is an output, of this run or an earlier one."""
        if item.kind not in ('picture', 'video') or not isinstance(item.content, str):
            return False
        real = os.path.realpath(item.content)
        return real not in self.given and (
            real in self._files or (self._folder is not None and real.startswith(self._folder + os.sep)
                                    and not any(given.startswith(self._folder + os.sep) for given in self.given)))


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn an error of writing a file into an :class:`OutputError`."""
    try:
        yield
    except (BrokenPipeError, OutputError):
        raise
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f'{path}: cannot be written ({getattr(error, "strerror", None) or error})') from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file under another name, which is yielded, and name it when it is complete."""
    part = path.with_name(f'.{os.getpid()}.part{path.suffix}')
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
