"""Faces whose boxes the user knows."""
from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from emonext.boxes import Box, check_box
from emonext.errors import EmonextError
from emonext.faces.base import Detection
from emonext.files import check_file

SIDES = ('left', 'top', 'right', 'bottom')


class BoxTable:
    """Boxes of a csv file with the columns ``source,left,top,right,bottom``, as ``emonext predict --csv`` writes them.

    ``source`` is the path of a picture as it is given to ``predict``, or its file name. A row without a box tells of a
    picture without a face. Boxes of a video's frames are not read.

    Raises:
        EmonextError: the file is missing; a column is missing or there twice; or a row has too few cells, a frame, or
            no valid box; the message names the row.
    """

    def __init__(self, path: str | Path) -> None:
        self._boxes: dict[str, list[Detection]] = {}
        self._pictures: dict[str, str] = {}  # the picture that took the boxes of a source
        check_file(path, str(path))
        try:
            with open(path, newline='', encoding='utf-8-sig') as file:
                reader = csv.DictReader(file, strict=True)
                columns = reader.fieldnames or []
                for column in ('source', *SIDES):
                    if columns.count(column) != 1:
                        raise EmonextError(f'{path}: {columns.count(column)} columns {column}, expected one')
                for row in reader:
                    where = f'{path}, row {reader.line_num}'
                    if None in row.values():
                        raise EmonextError(f'{where}: fewer cells than columns')
                    if row.get('frame'):
                        raise EmonextError(f'{where}: frame {row["frame"]}, and boxes of videos are not read')
                    found = self._boxes.setdefault(os.path.normpath(row['source']), [])
                    if any(row[side] for side in SIDES):
                        found.append(Detection(_parse(row, where), None, False))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise EmonextError(f'{path}: no csv file that can be read ({error})') from None

    def __call__(self, picture: np.ndarray, name: str) -> list[Detection]:
        """Boxes of the picture of a name.

        Raises:
            EmonextError: the table does not have the picture, or its source fits another picture too.
        """
        for key in (os.path.normpath(name), Path(name).name):
            if key in self._boxes:
                first = self._pictures.setdefault(key, name)
                if os.path.abspath(first) != os.path.abspath(name):
                    raise EmonextError(f'{name}: its source {key} in the table of boxes fits {first} too')
                return self._boxes[key]
        raise EmonextError(f'{name}: no row in the table of boxes')


def _parse(row: dict[str, str], where: str) -> Box:
    try:
        left, top, right, bottom = (float(row[side] or 'nan') for side in SIDES)
    except ValueError as error:
        raise EmonextError(f'{where}: {error}') from None
    check_box((left, top, right, bottom), where)
    return left, top, right, bottom
