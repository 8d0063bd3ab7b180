"""What is wrong with a set of labelled pictures: copies, contradicting labels, blank pictures, odd counts.

Goodfellow et al. (2013, arXiv 1307.0414) published FER2013 with such defects; what a copy is stands in
``copies.py``. All functions are pure, over arrays; reading files is done by ``audit_files.py``.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from emonext_mm.datasets.duplicates import LIMIT, close_pairs, contrast, first_equal, linked_groups
from emonext_mm.emotions import CLASSES, UNLABELLED

SPLITS = ('train', 'val', 'test')  # a split's number is its place here
BLANK = 5.0  # grey levels; between the flattest picture of FER2013 that shows a face (9) and a black one (4)
REACH = 20  # grey levels; how far the histogram of distances goes


class Group(NamedTuple):
    """Pictures that a chain of copies links."""

    places: np.ndarray  # (n,) int64, ascending
    exact: bool  # whether all n have the same pixels
    splits: tuple[int, ...]  # that occur, ascending
    labels: tuple[int, ...]  # that occur, ascending, UNLABELLED not among them

    @property
    def contradicts(self) -> bool:
        return len(self.labels) > 1


class Crossing(NamedTuple):
    """How many images of one split have a copy in another."""

    split: int
    other: int
    exact: int
    near: int  # those without an exact copy there

    @property
    def total(self) -> int:
        return self.exact + self.near


class Audit(NamedTuple):
    """The findings about N images; places are indices into them."""

    counts: np.ndarray  # (3, 7) int64, split by class
    unlabelled: np.ndarray  # (3,) int64
    exact: list[Group]  # groups of exact copies
    groups: list[Group]  # groups of exact and near copies
    crossings: list[Crossing]
    blank: np.ndarray  # places of nearly constant images
    mirrored: np.ndarray  # (P, 2) places of near copies after mirroring one; exact copies of them are left out
    distances: np.ndarray  # (REACH,) int64, how many different pictures have the nearest other one at that distance

    @property
    def total(self) -> int:
        return int(self.counts.sum() + self.unlabelled.sum())


def audit(images: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> Audit:
    """Look for defects. About ten seconds for the 35,887 images of FER2013 on one core.

    Args:
        images: (N, 48, 48) uint8.
        labels: (N,) index into ``CLASSES``, or ``UNLABELLED``.
        splits: (N,) index into ``SPLITS``.

    Raises:
        ValueError: the lengths differ, or a label or split is out of range.
    """
    _check(images, labels, splits)
    first = first_equal(images)
    different = np.unique(first)  # one of each picture, so that many equal ones do not multiply the pairs
    pairs, distances = close_pairs(images[different], limit=REACH)
    near = different[pairs[distances <= LIMIT]]
    own = np.column_stack([np.arange(len(images)), first])
    return Audit(
        counts=_count(labels, splits),
        unlabelled=np.bincount(splits[labels == UNLABELLED], minlength=len(SPLITS)),
        exact=_groups(first, first, labels, splits),
        groups=_groups(linked_groups(np.concatenate([own, near]), len(images)), first, labels, splits),
        crossings=_crossings(first, near, splits),
        blank=np.flatnonzero(contrast(images) < BLANK),
        mirrored=different[_mirrored(images[different])],
        distances=_nearest(pairs, distances, len(different)),
    )


def surplus(groups: list[Group]) -> int:
    """How many images would go if one of each group were kept."""
    return sum(len(group.places) - 1 for group in groups)


def _check(images: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> None:
    if not len(images) == len(labels) == len(splits):
        raise ValueError(f'{len(images)} images, {len(labels)} labels, {len(splits)} splits: expected as many of each')
    for name, values, low, high in (('label', labels, UNLABELLED, len(CLASSES)), ('split', splits, 0, len(SPLITS))):
        wrong = values[(values < low) | (values >= high)]
        if len(wrong):
            raise ValueError(f'{name} {wrong[0]}, expected {low} to {high - 1}')


def _count(labels: np.ndarray, splits: np.ndarray) -> np.ndarray:
    known = labels != UNLABELLED
    places = splits[known].astype(np.int64) * len(CLASSES) + labels[known]
    return np.bincount(places, minlength=len(SPLITS) * len(CLASSES)).reshape(len(SPLITS), len(CLASSES))


def _groups(root: np.ndarray, first: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> list[Group]:
    """Groups of two and more images of one root, in the order of their first images."""
    order = np.argsort(root, kind='stable')
    parts = np.split(order, np.flatnonzero(np.diff(root[order])) + 1)
    return [
        Group(places, len(set(first[places].tolist())) == 1, tuple(np.unique(splits[places]).tolist()),
              tuple(sorted(set(labels[places].tolist()) - {UNLABELLED})))
        for places in parts if len(places) > 1
    ]


def _crossings(first: np.ndarray, near: np.ndarray, splits: np.ndarray) -> list[Crossing]:
    """For val in train, test in train, test in val: those of which both are there."""
    found = []
    for split, other in ((1, 0), (2, 0), (2, 1)):
        mine = first[splits == split]
        present = np.zeros(len(first), bool)
        present[first[splits == other]] = True
        reached = present.copy()
        for here, there in (near.T, near.T[::-1]):
            reached[here[present[there]]] = True
        if len(mine) and present.any():
            exact = int(present[mine].sum())
            found.append(Crossing(split, other, exact, int(reached[mine].sum()) - exact))
    return found


def _mirrored(images: np.ndarray) -> np.ndarray:
    """(P, 2); a face that is its own mirror image is none."""
    pairs, _ = close_pairs(images, images[:, :, ::-1])
    return pairs[pairs[:, 0] < pairs[:, 1]]


def _nearest(pairs: np.ndarray, distances: np.ndarray, count: int) -> np.ndarray:
    nearest = np.full(count, np.inf, np.float32)
    for column in pairs.T:
        np.minimum.at(nearest, column, distances)
    return np.histogram(nearest[nearest < REACH], bins=REACH, range=(0, REACH))[0]
