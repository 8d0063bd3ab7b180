"""Going on after an interruption of ``emonext predict``: the items that a file of results has."""
from __future__ import annotations

import argparse
import csv
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from emonext.errors import EmonextError
from emonext.files import check_file
from emonext.recognizer import Recognizer
from emonext.results import COLUMNS, columns_of
from emonext.sources import Item

JSON_BEGIN = b'{"source":'
SURE = 10  # bytes of the header
CLOSE = 1e-3  # largest difference of a probability that other machines make


class Record(NamedTuple):
    """A line of JSON or a row of a table."""

    source: str  # as written
    rank: tuple[int, int]  # what rises within an item: the frame (-1 for a picture), and the number of the face
    start: int  # where it begins in the file
    scores: tuple[float, ...]  # probabilities of its first face; none without a face


def skip(items: Iterator[Item], finished: Counter[str]) -> Iterator[Item]:
    """Leave out the finished items, each as often as it is finished; warn of those that are not given again."""
    for item in items:
        name = as_written(item.name)
        if finished[name] > 0:
            finished[name] -= 1
        else:
            yield item
    for name in list(+finished)[:1]:
        warnings.warn(f'{(+finished).total()} finished sources were not given again, the first is {name}', stacklevel=2)


def as_written(name: str) -> str:
    """A name as files hold it, also one that is no UTF-8."""
    return name.encode(errors='backslashreplace').decode()


def read_finished(args: argparse.Namespace, recognizer: Recognizer) -> Counter[str]:
    """Sources that the file of --json or --csv has in full, each with how often.

    The last item, which may be cut, is removed from the file. The file does not tell its model, so its last picture
    (or first frame of a video) with a face is predicted again.

    Raises:
        EmonextError: the file is not one of ``emonext predict`` with these classes, or that face has other
            probabilities; the file is not changed.
    """
    classes = recognizer.classifier.classes
    path = Path(args.csv or args.json)
    if not path.exists():
        return Counter()
    check_file(path, str(path))
    finished: Counter[str] = Counter()
    last: Record | None = None  # the last record, and the start of its item
    start = 0
    known: Record | None = None  # the last one that can be predicted alone
    try:
        with open(path, 'rb+') as file:
            for record in _read_csv(file, path, columns_of(classes)) if args.csv else _read_json(file, path, classes):
                if last is None or record.source != last.source or record.rank <= last.rank:
                    finished.update([] if last is None else [last.source])
                    start = record.start
                last = record
                if record.scores and record.rank in ((-1, 0), (0, 0)):
                    known = record
            if known is not None:
                _check_same(known, recognizer, path)
            file.truncate(start)
    except OSError as error:
        raise EmonextError(f'{path}: {error.strerror}') from None
    return finished


def _check_same(record: Record, recognizer: Recognizer, path: Path) -> None:
    """Refuse to go on with another model, or with options that give other results."""
    try:
        result = next(recognizer.predict(record.source))
    except EmonextError:  # the source has gone, or its name is no UTF-8
        return
    scores = tuple(result.faces[0].probabilities.values()) if result.faces else ()
    if len(scores) != len(record.scores) or max(abs(a - b) for a, b in zip(scores, record.scores)) > CLOSE:
        raise EmonextError(f'{path}: its result of {record.source} is not what this model gives with these options; '
                           'nothing was changed')


def _read_json(file: BinaryIO, path: Path, classes: tuple[str, ...]) -> Iterator[Record]:
    start = 0
    for number, line in enumerate(file, 1):
        if not (line.startswith(JSON_BEGIN) or (number > 1 and JSON_BEGIN.startswith(line))):
            raise _foreign(path, number)
        if line.endswith(b'\n') or _is_json(line):  # else it was being written
            content = _parse(lambda line=line: json.loads(line), path, number)
            source, frame, faces = (content.get(key) for key in ('source', 'frame', 'faces'))
            if not (isinstance(source, str) and isinstance(faces, list) and (frame is None or isinstance(frame, int))):
                raise _foreign(path, number)
            if not all(_parse(lambda face=face: tuple(face['probabilities']), path, number) == classes
                       for face in faces):
                raise EmonextError(f'{path}, line {number}: other classes than this model has; nothing was changed')
            if line.endswith(b'\n'):
                scores = faces[0]['probabilities'].values() if faces else ()
                scores = _parse(lambda scores=scores: tuple(map(float, scores)), path, number)
                yield Record(as_written(source), (-1 if frame is None else frame, 0), start, scores)
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
    if header is None and _is_begin(_read_again(file), columns):
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
        scores = filter(None, row[len(COLUMNS):])  # empty without a face
        scores = _parse(lambda scores=scores: tuple(map(float, scores)), path, reader.line_num)
        yield Record(cells['source'], rank, start, scores)
        start = position


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _is_begin(content: bytes, columns: list[str]) -> bool:
    """Whether a content is none, or a begin of the header that nothing else has."""
    return not content or (len(content) >= SURE and ','.join(columns).encode().startswith(content))


def _read_again(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _parse(read: Callable[[], Any], path: Path, number: int) -> Any:
    try:
        return read()
    except (ValueError, TypeError, KeyError, csv.Error, RecursionError):
        raise _foreign(path, number) from None


def _foreign(path: Path, number: int) -> EmonextError:
    return EmonextError(f'{path}, line {number}: no result of emonext predict; nothing was changed')
