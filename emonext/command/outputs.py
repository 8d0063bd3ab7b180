"""The files that ``emonext predict`` writes. A file that exists is replaced only if emonext wrote it."""
from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path

from emonext.command.marks import is_result
from emonext.errors import EmonextError, OutputError
from emonext.sources import PICTURES, VIDEOS, Item

DASH = '-'  # stdin as a source, stdout as an output
FILES = ('json', 'csv', 'video', 'timeline')
SUFFIXES = {'video': '.mp4', 'timeline': '.png'}


class Outputs:
    """Output files and folder of a command line.

    Attributes:
        left_out: number of results that were found among the sources.

    Raises:
        EmonextError: an output is an input, a folder, another output or a file that emonext did not write, or has
            another suffix.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.left_out = 0
        self._sources, self._folder = args.sources, args.save
        named = {option: getattr(args, option) for option in FILES}
        self._files = {option: path for option, path in named.items()
                       if path is not None and not (path == DASH and option not in SUFFIXES)}
        inputs = [path for path in (*args.sources, str(args.faces)) if os.path.isfile(path)]
        for option, path in self._files.items():
            _check(option, path, inputs)
        for (option, path), (other, same) in combinations(self._files.items(), 2):
            if _is_same(path, same):
                raise EmonextError(f'--{option} {path} and --{other} {same} are one file')
        if args.save is not None:
            if os.path.exists(args.save) and not os.path.isdir(args.save):
                raise EmonextError(f'--save {args.save}: this is a file')
            if any(_is_same(args.save, source) for source in args.sources):
                raise EmonextError(f'--save {args.save}: this folder is a source')

    def leave_out(self, items: Iterator[Item]) -> Iterator[Item]:
        """Items without the results, of this run or an earlier one, that were found in a folder or by a pattern."""
        for item in items:
            if self._contain(item):
                self.left_out += 1
            else:
                yield item

    def _contain(self, item: Item) -> bool:
        path = item.content
        if not isinstance(path, str) or path in self._sources:
            return False
        if any(_is_same(path, output) for output in self._files.values()):
            return True
        inside = self._folder is not None and os.path.realpath(path).startswith(os.path.realpath(self._folder) + os.sep)
        return inside and is_result(path)


def _check(option: str, path: str | Path, inputs: list[str]) -> None:
    suffix, ending = Path(path).suffix.lower(), SUFFIXES.get(option)
    if not str(path) or (ending and suffix != ending):
        raise EmonextError(f'--{option} {path}: expected a file name' + (f' that ends with {ending}' if ending else ''))
    if any(_is_same(path, source) for source in inputs):
        raise EmonextError(f'--{option} {path} would overwrite an input')
    if not ending and suffix in PICTURES | VIDEOS:
        raise EmonextError(f'--{option} {path}: this name is one of a picture or video')
    if os.path.isdir(path):
        raise EmonextError(f'--{option} {path}: this is a folder')
    if os.path.isfile(path) and not is_result(path):
        raise EmonextError(f'--{option} {path} would overwrite a file that emonext did not write')


def _is_same(one: str | Path, other: str | Path) -> bool:
    """Whether two paths are one file, also by links, or will be one."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


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
