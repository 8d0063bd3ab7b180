"""Defects of a set of labelled images: duplicates, contradicting labels, blank images, unusual counts.

Goodfellow et al. (2013, arXiv 1307.0414) published FER2013 with such defects; ``emonext_mm.datasets.duplicates``
defines a duplicate. All functions are pure and take arrays; ``emonext_mm.audit.faces`` reads the files.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from emonext_mm.datasets.duplicates import LIMIT, close_pairs, contrast, first_equal, linked_groups
from emonext_mm.datasets.splits import SPLITS
from emonext_mm.emotions import CLASSES, UNLABELLED

BLANK = 5.0  # grey levels; between the flattest image of FER2013 that shows a face (9) and a black one (4)
REACH = 20  # grey levels; upper end of the histogram of distances


class Group(NamedTuple):
    """Images linked by a chain of duplicates."""

    indices: np.ndarray  # (n,) int64, ascending
    exact: bool  # whether all n have the same pixels
    splits: tuple[int, ...]  # indices into SPLITS, each once, ascending
    labels: tuple[int, ...]  # each once, ascending, without UNLABELLED

    @property
    def contradicts(self) -> bool:
        return len(self.labels) > 1


class Leak(NamedTuple):
    """Number of images of one split that have a duplicate in another."""

    split: int
    other: int
    exact: int
    near: int  # without an exact duplicate there


class Findings(NamedTuple):
    """Defects among N images; indices are those of the images."""

    counts: np.ndarray  # (3, 7) int64, split by class
    unlabelled: np.ndarray  # (3,) int64, by split
    exact: list[Group]  # groups of exact duplicates
    groups: list[Group]  # groups of exact and near duplicates
    leaks: list[Leak]
    blank: np.ndarray  # indices of nearly constant images
    mirrored: np.ndarray  # (P, 2) indices of near duplicates after mirroring one; their exact duplicates are left out
    distances: np.ndarray  # (REACH,) int64, number of distinct images with the nearest neighbour at that distance

    @property
    def total(self) -> int:
        return int(self.counts.sum() + self.unlabelled.sum())


def find_defects(images: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> Findings:
    """Find duplicates and other defects. Takes about ten seconds for the 35,887 images of FER2013 on one core.

    Args:
        images: (N, 48, 48) uint8.
        labels: (N,) index into ``CLASSES``, or ``UNLABELLED``.
        splits: (N,) index into ``SPLITS``.

    Raises:
        ValueError: the lengths differ, or a label or split is out of range.
    """
    _check(images, labels, splits)
    first = first_equal(images)
    distinct = np.unique(first)  # each image once, so that many equal ones do not multiply the pairs
    pairs, distances = close_pairs(images[distinct], limit=REACH)
    near = distinct[pairs[distances <= LIMIT]]
    equal = np.column_stack([np.arange(len(images)), first])
    return Findings(
        counts=_count(labels, splits),
        unlabelled=np.bincount(splits[labels == UNLABELLED], minlength=len(SPLITS)),
        exact=_groups(first, first, labels, splits),
        groups=_groups(linked_groups(np.concatenate([equal, near]), len(images)), first, labels, splits),
        leaks=_leaks(first, near, splits),
        blank=np.flatnonzero(contrast(images) < BLANK),
        mirrored=distinct[_mirrored(images[distinct])],
        distances=_nearest(pairs, distances, len(distinct)),
    )


def surplus(groups: list[Group]) -> int:
    """Number of images to remove so that one of each group remains."""
    return sum(len(group.indices) - 1 for group in groups)


def _check(images: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> None:
    if not len(images) == len(labels) == len(splits):
        raise ValueError(f'{len(images)} images, {len(labels)} labels, {len(splits)} splits: expected equal numbers')
    for name, values, low, high in (('label', labels, UNLABELLED, len(CLASSES)), ('split', splits, 0, len(SPLITS))):
        wrong = values[(values < low) | (values >= high)]
        if len(wrong):
            raise ValueError(f'{name} {wrong[0]}, expected {low} to {high - 1}')


def _count(labels: np.ndarray, splits: np.ndarray) -> np.ndarray:
    known = labels != UNLABELLED
    cells = splits[known].astype(np.int64) * len(CLASSES) + labels[known]
    return np.bincount(cells, minlength=len(SPLITS) * len(CLASSES)).reshape(len(SPLITS), len(CLASSES))


def _groups(root: np.ndarray, first: np.ndarray, labels: np.ndarray, splits: np.ndarray) -> list[Group]:
    """Groups of two or more images with the same root, in the order of their first images."""
    order = np.argsort(root, kind='stable')
    parts = np.split(order, np.flatnonzero(np.diff(root[order])) + 1)
    return [
        Group(indices, len(set(first[indices].tolist())) == 1, tuple(np.unique(splits[indices]).tolist()),
              tuple(sorted(set(labels[indices].tolist()) - {UNLABELLED})))
        for indices in parts if len(indices) > 1
    ]


def _leaks(first: np.ndarray, near: np.ndarray, splits: np.ndarray) -> list[Leak]:
    """Leaks of val and test into train and of test into val, as far as both splits have images."""
    found = []
    for split, other in ((1, 0), (2, 0), (2, 1)):
        own = first[splits == split]
        present = np.zeros(len(first), bool)
        present[first[splits == other]] = True
        reached = present.copy()
        for here, there in (near.T, near.T[::-1]):
            reached[here[present[there]]] = True
        if len(own) and present.any():
            exact = int(present[own].sum())
            found.append(Leak(split, other, exact, int(reached[own].sum()) - exact))
    return found


def _mirrored(images: np.ndarray) -> np.ndarray:
    """Pairs of near duplicates after mirroring one, (P, 2); an image and its own mirror image are no pair."""
    pairs, _ = close_pairs(images, images[:, :, ::-1])
    return pairs[pairs[:, 0] < pairs[:, 1]]


def _nearest(pairs: np.ndarray, distances: np.ndarray, count: int) -> np.ndarray:
    nearest = np.full(count, np.inf, np.float32)
    for column in pairs.T:
        np.minimum.at(nearest, column, distances)
    return np.histogram(nearest[nearest < REACH], bins=REACH, range=(0, REACH))[0]
