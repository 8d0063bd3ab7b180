"""A picture of the worst that an audit found: faces in groups, under each its split and label."""
from __future__ import annotations

import cv2
import numpy as np

from emonext_mm.audit.faces import Faces
from emonext_mm.audit.findings import SPLITS, Audit
from emonext_mm.datasets.readers.face_table import SIZE
from emonext_mm.emotions import CLASSES, UNLABELLED

_FACE = 2 * SIZE  # pixels
_PITCH = _FACE + 2
_ACROSS = 12  # faces at most in a row
_CAPTION = 34  # two lines under a face
_GAP = 20  # between groups
_MARGIN = 6
_WIDTH = _MARGIN + _ACROSS * _PITCH + 4 * _GAP
_TITLE = 34
_MOST_ROWS = 6  # of a section
_BLACK, _RED, _BLUE = (0, 0, 0), (0, 0, 200), (180, 80, 0)  # BGR
_Kind = tuple[int, int]  # the place of a face; for how many of its split and label it stands


def draw_sheet(found: Audit, faces: Faces) -> np.ndarray:
    """(H, W, 3) uint8, BGR: groups of contradicting labels, copies across splits, mirrored copies.

    Of the images of a group that share split and label one is shown, with their number. A label is red where
    it is not the group's most frequent one, a split is blue where it is not train.
    """
    contradicting = sorted((g for g in found.groups if g.contradicts), key=lambda g: (-len(g.labels), -len(g.places)))
    crossing = sorted((g for g in found.groups if len(g.splits) > 1), key=lambda g: (-len(g.splits), -len(g.places)))
    sections = [
        ('groups of copies with contradicting labels', [_kinds(g.places, faces) for g in contradicting]),
        ('groups of copies in more than one split', [_kinds(g.places, faces) for g in crossing]),
        ('pairs of mirrored copies', [[(place, 1) for place in pair] for pair in found.mirrored.tolist()]),
    ]
    return np.concatenate([_section(title, groups, faces) for title, groups in sections])


def _kinds(places: np.ndarray, faces: Faces) -> list[_Kind]:
    """The first image of each split and label in a group, and how many there are of it."""
    columns = np.column_stack([faces.splits[places], faces.labels[places]])
    _, first, counts = np.unique(columns, axis=0, return_index=True, return_counts=True)
    return list(zip(places[first].tolist(), counts.tolist()))[:_ACROSS]


def _section(title: str, groups: list[list[_Kind]], faces: Faces) -> np.ndarray:
    rows, shown = _fill_rows(groups)
    sheet = np.full((_TITLE + max(len(rows), 1) * (_FACE + _CAPTION), _WIDTH, 3), 255, np.uint8)
    note = '' if shown == len(groups) else f', {shown} shown'
    _write(sheet, f'{len(groups)} {title}{note}', (_MARGIN, 23), _BLACK, 0.6)
    for row, members in enumerate(rows):
        left, top = _MARGIN, _TITLE + row * (_FACE + _CAPTION)
        for group in members:
            usual = _usual_label(group, faces)
            for place, count in group:
                _draw_face(sheet, top, left, place, count, usual, faces)
                left += _PITCH
            left += _GAP
    return sheet


def _usual_label(group: list[_Kind], faces: Faces) -> int:
    votes = np.zeros(len(CLASSES) + 1)
    for place, count in group:
        votes[faces.labels[place]] += count  # UNLABELLED, -1, is the last one
    return int(votes[:-1].argmax())


def _fill_rows(groups: list[list[_Kind]]) -> tuple[list[list[list[_Kind]]], int]:
    """Groups in rows, and how many found a place."""
    rows: list = []
    left = _WIDTH
    for shown, group in enumerate(groups):
        width = len(group) * _PITCH
        if left + width > _WIDTH:
            if len(rows) == _MOST_ROWS:
                return rows, shown
            rows.append([])
            left = _MARGIN
        rows[-1].append(group)
        left += width + _GAP
    return rows, len(groups)


def _draw_face(sheet: np.ndarray, top: int, left: int, place: int, count: int, usual: int, faces: Faces) -> None:
    zoomed = cv2.resize(faces.images[place], (_FACE, _FACE), interpolation=cv2.INTER_CUBIC)
    sheet[top:top + _FACE, left:left + _FACE] = zoomed[..., None]
    split, label = int(faces.splits[place]), int(faces.labels[place])
    name = 'no label' if label == UNLABELLED else CLASSES[label]
    _write(sheet, name, (left, top + _FACE + 13), _BLACK if label == usual else _RED)
    times = f' x{count}' if count > 1 else ''
    _write(sheet, SPLITS[split] + times, (left, top + _FACE + 27), _BLUE if split else _BLACK)


def _write(sheet: np.ndarray, text: str, start: tuple[int, int], color: tuple, scale: float = 0.45) -> None:
    cv2.putText(sheet, text, start, cv2.FONT_HERSHEY_SIMPLEX, scale, color, 1, cv2.LINE_AA)
