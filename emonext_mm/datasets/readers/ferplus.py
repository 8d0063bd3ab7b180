"""FER+: ten votes for each image of FER2013.

Barsoum et al., "Training deep networks for facial expression recognition with crowd-sourced label
distribution", ICMI 2016, arXiv 1608.01041; https://github.com/microsoft/FERPlus. Deviations from its training
code: an emotion with a single vote keeps it, and a majority is the most votes, not more than half of them.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.datasets.readers.image_folder import FolderSource
from emonext_mm.datasets.readers.layouts import CsvSource
from emonext_mm.datasets.splits import OFFICIAL_NAMES, SPLITS
from emonext_mm.emotions import CLASSES, UNLABELLED, class_index
from emonext_mm.utils.files import read_text
from emonext_mm.utils.strangers import shorten

VOTES_FILE = 'fer2013new.csv'
MAX_BYTES = 2**26  # 30 times FER+
MIN_COMPARED = 1000  # faces from which on the share of equal labels counts
MIN_SHARE = 1 / 3  # by chance it is below a fifth; of the real files it is well above a half
_EMOTIONS = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear')
_OTHERS = ('contempt', 'unknown', 'NF')


def find_votes(source: CsvSource | FolderSource) -> Path:
    """Return the file of FER+ votes beside a csv file.

    Raises:
        FileNotFoundError: there is none, or the source is a folder of images.
    """
    path = source.folder / VOTES_FILE
    if not isinstance(source, CsvSource):
        raise FileNotFoundError(f'{path}: ferplus needs this file and fer2013.csv beside it; its votes '
                                'belong to rows of the csv, and only image folders were found')
    if not path.is_file():
        raise FileNotFoundError(f'{path}: ferplus needs this file (https://github.com/microsoft/FERPlus)')
    return path


def read_votes(path: Path, table: FaceTable) -> np.ndarray:
    """Read the votes for the faces of ``fer2013.csv``.

    Args:
        path: ``fer2013new.csv``, aligned with ``fer2013.csv`` row by row.
        table: the N faces of ``fer2013.csv``.

    Returns:
        (N, 10) int64 in the table's order: the emotions as in ``CLASSES``, contempt, unknown, NF (no face).

    Raises:
        OSError: the file cannot be read.
        ValueError: a column is missing, a vote is no number, a ``Usage`` differs from the split of the face, or the
            numbers of rows differ; the message names the file, the line and the value. Or the majority of the votes is
            hardly ever the label of the face: the rows are in another order.
    """
    reader = csv.DictReader(io.StringIO(read_text(path, MAX_BYTES), newline=''))
    names, votes = [], []
    try:
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        for name in ('usage', *_EMOTIONS, *_OTHERS):
            count = reader.fieldnames.count(name.lower())
            if count != 1:
                raise ValueError(f'{count} columns {name!r}' if count else f'no column {name!r}')
        for record in reader:
            votes.append(_votes(record))
            names.append(((record['usage'] or '').strip(), reader.line_num))
    except (ValueError, csv.Error) as error:
        raise ValueError(f'{path}, line {max(reader.line_num, 1)}: {error}') from None
    if len(votes) != len(table):
        raise ValueError(f'{path}: {len(votes):,} rows of votes for {len(table):,} faces')
    for split, row in zip(table.splits.tolist(), table.rows.tolist()):
        (name, line), expected = names[row], OFFICIAL_NAMES[SPLITS[split]]
        if name.lower() != expected.lower():
            raise ValueError(f'{path}, line {line}: Usage {shorten(name)}, but the face of that row is of {expected}: '
                             'the rows of the two files do not match')
    aligned = np.array(votes)[table.rows]
    _check_agreement(path, aligned, table.labels)
    return aligned


def labels_and_scores(votes: np.ndarray, soft: bool) -> tuple[np.ndarray, np.ndarray]:
    """Turn votes into labels.

    A face is unlabelled unless one of the seven emotions has more votes than each of contempt, unknown and NF. If two
    emotions have the most votes, it is unlabelled too, except if ``soft``.

    Args:
        votes: (N, 10), from ``read_votes``.
        soft: whether a face with a tie keeps a label, the first tied one in ``CLASSES``; its scores express the tie.

    Returns:
        Labels, (N,) int64, ``UNLABELLED`` among them, and scores, (N, 7) float32: the votes for the seven emotions
        divided by their sum.
    """
    emotions, others = np.split(votes, [len(CLASSES)], axis=1)
    best = emotions.max(axis=1)
    keep = best > others.max(axis=1)
    if not soft:
        keep &= (emotions == best[:, None]).sum(axis=1) == 1
    labels = np.where(keep, emotions.argmax(axis=1), UNLABELLED)
    scores = emotions / np.maximum(emotions.sum(axis=1, keepdims=True), 1)
    return labels, scores.astype(np.float32)


def _check_agreement(path: Path, votes: np.ndarray, labels: np.ndarray) -> None:
    """Refuse votes (N, 10) of other faces: rows may be in another order within a split, where ``Usage`` tells nothing.
    """
    majority, _ = labels_and_scores(votes, soft=False)
    compared = (majority != UNLABELLED) & (labels != UNLABELLED)
    total, equal = int(compared.sum()), int((compared & (majority == labels)).sum())
    if total >= MIN_COMPARED and equal < MIN_SHARE * total:
        raise ValueError(f'{path}: the majority of the votes is the label of the face for {equal:,} of {total:,} faces '
                         f'({equal / total:.1%}), expected at least {MIN_SHARE:.1%}: the rows of the two files do not '
                         'match')


def _votes(record: dict) -> list[int]:
    """The ten votes of one row, in the order of ``read_votes``."""
    votes = [0] * (len(CLASSES) + len(_OTHERS))
    for index, name in enumerate(_EMOTIONS + _OTHERS):
        text = (record[name.lower()] or '').strip()
        if not (text.isascii() and text.isdigit() and len(text) < 4):
            raise ValueError(f'{name} is {shorten(text)}, expected a number of votes')
        votes[class_index(name) if name in _EMOTIONS else index] = int(text)
    return votes
