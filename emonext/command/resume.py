"""Going on after an interruption of ``emonext predict``: the items that a file of results has."""
from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from emonext.command.marks import JSON_BEGIN
from emonext.errors import EmonextError
from emonext.results import columns_of
from emonext.sources import Item


class Record(NamedTuple):
    """A line of JSON or a row of a table: its source, what rises within an item, and where it begins in the file."""

    source: str
    rank: tuple[int, int]
    start: int


def skip(items: Iterator[Item], finished: Counter[str]) -> Iterator[Item]:
    """Leave out the finished items, each as often as it is finished."""
    for item in items:
        name = as_written(item.name)
        if finished[name] > 0:
            finished[name] -= 1
        else:
            yield item


def as_written(name: str) -> str:
    """A name as files hold it, also one that is no UTF-8."""
    return name.encode(errors='backslashreplace').decode()


def read_finished(args: argparse.Namespace, classes: tuple[str, ...]) -> Counter[str]:
    """Sources that the file of --json or --csv has in full, each with how often.

    The last item, which may be cut, is removed from the file.

    Raises:
        EmonextError: the file is not one of ``emonext predict`` with these classes; it is not changed.
    """
    path = Path(args.csv or args.json)
    if not path.exists() or (path.is_file() and not path.stat().st_size):
        return Counter()
    finished: Counter[str] = Counter()
    last: Record | None = None  # the last record, and the start of its item
    start = 0
    try:
        with open(path, 'rb+') as file:
            for record in _read_csv(file, path, columns_of(classes)) if args.csv else _read_json(file, path):
                if last is None or record.source != last.source or record.rank <= last.rank:
                    finished.update([] if last is None else [last.source])
                    start = record.start
                last = record
            file.truncate(start)
    except OSError as error:
        raise EmonextError(f'{path}: {error.strerror}') from None
    return finished


def _read_json(file: BinaryIO, path: Path) -> Iterator[Record]:
    start = 0
    for number, line in enumerate(file, 1):
        if not (line.startswith(JSON_BEGIN) or (JSON_BEGIN.startswith(line) and not line.endswith(b'\n'))):
            raise _foreign(path, number)
        if line.endswith(b'\n'):  # else it was being written
            content = _parse(lambda line=line: json.loads(line), path, number)
            source, frame = content.get('source'), content.get('frame')
            if not (isinstance(source, str) and isinstance(content.get('faces'), list)
                    and (frame is None or isinstance(frame, int))):
                raise _foreign(path, number)
            yield Record(as_written(source), (-1 if frame is None else frame, 0), start)
        start += len(line)


def _read_csv(file: BinaryIO, path: Path, columns: list[str]) -> Iterator[Record]:
    """Rows, some of which span several lines."""
    position = 0

    def lines() -> Iterator[str]:
        nonlocal position
        for line in file:
            if not line.endswith(b'\n'):
                return  # it was being written
            position += len(line)
            yield _parse(line.decode, path, reader.line_num + 1)

    reader = csv.reader(lines())
    header = _parse(lambda: next(reader, None), path, 1)
    if header is None and (','.join(columns)).encode().startswith(_read_again(file)):
        return  # it was being written
    if header != columns:
        raise EmonextError(f'{path}: its columns are not those of emonext predict with this model; nothing was changed')
    start = position
    while (row := _parse(lambda: next(reader, None), path, reader.line_num + 1)) is not None:
        if len(row) != len(columns):
            if file.read(1):
                raise _foreign(path, reader.line_num)
            return  # cut within quotes
        cells = dict(zip(columns, row))
        rank = _parse(lambda cells=cells: (int(cells['frame'] or -1), int(cells['face'] or 0)), path, reader.line_num)
        yield Record(cells['source'], rank, start)
        start = position


def _read_again(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _parse(read: Callable[[], Any], path: Path, number: int) -> Any:
    try:
        return read()
    except (ValueError, csv.Error, RecursionError):
        raise _foreign(path, number) from None


def _foreign(path: Path, number: int) -> EmonextError:
    return EmonextError(f'{path}, line {number}: no result of emonext predict; nothing was changed')
