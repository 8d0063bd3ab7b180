"""The files that ``emonext predict`` writes. A file that exists is replaced only if emonext wrote it."""
from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from uuid import uuid4

from emonext.command.marks import check_target, is_result
from emonext.errors import EmonextError, OutputError
from emonext.sources import PICTURES, VIDEOS, Item

DASH = '-'  # stdin as a source, stdout as an output
FILES = ('json', 'csv', 'video', 'timeline')
SUFFIXES = {'video': '.mp4', 'timeline': '.png'}


class Outputs:
    """Output files and folder of a command line.

    Attributes:
        left_out: number of results that were found among the sources.
        inputs: the files that were named as sources, or as the table of boxes, as the system knows them.

    Raises:
        EmonextError: an output is an input, a folder, another output or a file that emonext did not write, or has
            another suffix.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.left_out = 0
        self._sources = args.sources
        named = {option: getattr(args, option) for option in FILES}
        files = {option: path for option, path in named.items()
                 if path is not None and not (path == DASH and option not in SUFFIXES)}
        inputs = [path for path in (*args.sources, str(args.faces)) if os.path.isfile(path)]
        for option, path in files.items():
            _check(option, path, inputs)
            if not (args.resume and option not in SUFFIXES):  # a file that goes on is checked when it is read
                check_target(path, '')
        for (option, path), (other, same) in combinations(files.items(), 2):
            if is_same(path, same):
                raise EmonextError(f'--{option} {path} and --{other} {same} are one file')
        if args.save is not None:
            if os.path.exists(args.save) and not os.path.isdir(args.save):
                raise EmonextError(f'--save {args.save}: this is a file')
            if any(is_same(args.save, source) for source in args.sources):
                raise EmonextError(f'--save {args.save}: this folder is a source')
        self.inputs = {_identity(path) for path in inputs}

    def leave_out(self, items: Iterator[Item]) -> Iterator[Item]:
        """Items without the results that were found in a folder or by a pattern."""
        for item in items:
            found = item.kind in ('picture', 'video') and item.name not in self._sources
            if found and isinstance(item.content, str) and is_result(item.content):
                self.left_out += 1
            else:
                yield item


def _check(option: str, path: str | Path, inputs: list[str]) -> None:
    suffix, ending = Path(path).suffix.lower(), SUFFIXES.get(option)
    if not str(path) or (ending and suffix != ending):
        raise EmonextError(f'--{option} {path}: expected a file name' + (f' that ends with {ending}' if ending else ''))
    if any(is_same(path, source) for source in inputs):
        raise EmonextError(f'--{option} {path} would overwrite an input')
    if not ending and suffix in PICTURES | VIDEOS:
        raise EmonextError(f'--{option} {path}: this name is one of a picture or video')
    if os.path.isdir(path):
        raise EmonextError(f'--{option} {path}: this is a folder')


def is_same(one: str | Path, other: str | Path) -> bool:
    """Whether two paths are one file, also by links, or will be one."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _identity(path: str | Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def is_input(path: Path, inputs: Collection[tuple[int, int]]) -> bool:
    """Whether a path is one of the files of :attr:`Outputs.inputs`, also by a link."""
    return path.exists() and _identity(path) in inputs


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
def whole_file(path: Path, source: str | None = None) -> Iterator[Path]:
    """Write a file under another name, which is yielded, and name it when it is complete.

    Args:
        source: of which the file is the result; None if the caller has checked that the name may be taken.

    Raises:
        OutputError: it cannot be written, or a file that must stay has its name by now.
    """
    part = path.with_name(f'.{uuid4().hex[:12]}.part{path.suffix}')
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            if part.exists():
                if source is not None:
                    check_target(path, source)
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
