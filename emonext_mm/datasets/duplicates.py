"""Duplicates among images.

Two images are *exact duplicates* if all their pixels are equal. They are *near duplicates* if the root mean square
(RMS) difference of their pixels is at most ``LIMIT`` = 10 grey levels, and at most half the standard deviation of the
flatter image, so that a constant image has only exact duplicates.

The search is exact, not approximate. The means of two blocks of pixels never differ by more than the RMS difference of
the blocks (Jensen's inequality), so near duplicates have close 8x8 block means; and a projection shrinks every
distance, so that along one axis only a short interval of the other images has to be compared.

The limit was chosen on the 32,284 images of Training and PublicTest that are not blank. Saving them as JPEG 75 changes
them by at most 9.2 (JPEG 95: 1.7; noise of one grey level: 0.9), so that all such duplicates are found; a shift by two
pixels changes all but 16 by more than 10. Of the pairs at distances of 4 to 8, 8 to 11 and just below 20, 96 each
were inspected by eye. All of them showed the same photograph twice: the limit can miss duplicates (other crops), but
has no false positives among these.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

LIMIT = 10.0  # grey levels
_FLATNESS = 0.5  # of the standard deviation
_BLOCKS = 8  # block means across and down
_CHUNK = 512  # images; the products of a chunk with all others take 70 MB


def close_pairs(images: np.ndarray, others: np.ndarray | None = None,
                limit: float = LIMIT) -> tuple[np.ndarray, np.ndarray]:
    """Find all pairs of near duplicates (see the module), including exact duplicates of images that are not constant.

    Args:
        images: (N, H, W) uint8, H and W multiples of 8.
        others: (M, H, W) uint8; None to find the pairs i < j within ``images``.
        limit: largest RMS difference, grey levels.

    Returns:
        Indices, (P, 2) int64, the first into ``images``, the second into ``others``, sorted; and RMS differences,
        (P,) float32.

    Raises:
        ValueError: the sizes are not multiples of 8, or differ.
    """
    own = others is None
    others = images if own else others
    if images.shape[1:] != others.shape[1:] or images.shape[1] % _BLOCKS or images.shape[2] % _BLOCKS:
        raise ValueError(f'images are {images.shape[1:]} and {others.shape[1:]}, expected one size, '
                         f'multiples of {_BLOCKS}')
    if not (len(images) and len(others)):
        return np.empty((0, 2), np.int64), np.empty(0, np.float32)
    left, right = _block_means(images), _block_means(others)
    centre, axis = _principal_axis(right)
    left, right = left - centre, right - centre
    candidates = _candidates(left, right, axis, limit)
    if own:
        candidates = candidates[candidates[:, 0] < candidates[:, 1]]
    distances = _rms(images, others, candidates)
    flatter = np.minimum(contrast(images)[candidates[:, 0]], contrast(others)[candidates[:, 1]])
    keep = (distances <= limit) & (distances <= _FLATNESS * flatter) & (flatter > 0)
    pairs, distances = candidates[keep], distances[keep]
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order], distances[order]


def have_duplicate(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mask of the images that have an exact or near duplicate among ``others``, (N,) bool.

    Args:
        images: (N, H, W) uint8.
        others: (M, H, W) uint8.
    """
    pixels = {other.tobytes() for other in others}
    found = np.fromiter((image.tobytes() in pixels for image in images), bool, len(images))
    rest = np.flatnonzero(~found)
    found[rest[close_pairs(images[rest], others)[0][:, 0]]] = True
    return found


def first_equal(images: np.ndarray) -> np.ndarray:
    """Index of the first image with the same pixels, (N,) int64; an image's own index if none before it is equal."""
    first: dict[bytes, int] = {}
    return np.fromiter((first.setdefault(image.tobytes(), i) for i, image in enumerate(images)), np.int64, len(images))


def linked_groups(pairs: np.ndarray, count: int) -> np.ndarray:
    """Smallest index that each of ``count`` images is linked to by a chain of pairs, (count,) int64.

    Args:
        pairs: (P, 2) indices of the two images of each pair.
        count: number of images.
    """
    ends = tuple(pairs.T.astype(np.int32))  # SciPy 1.11 finds no groups with indices of 64 bits, and only prints why
    links = coo_array((np.ones(len(pairs), bool), ends), shape=(count, count))
    _, group = connected_components(links, directed=False)
    return np.unique(group, return_index=True)[1][group]


def contrast(images: np.ndarray) -> np.ndarray:
    """Standard deviation of each image's pixels, (N,) float32, grey levels."""
    return _by_chunk(len(images), lambda part: images[part].astype(np.float32).std(axis=(1, 2)))


def _by_chunk(count: int, function: Callable[[slice], np.ndarray]) -> np.ndarray:
    """Concatenate the results of a function of slices, (count,) float32."""
    chunks = [function(slice(start, start + _CHUNK)) for start in range(0, count, _CHUNK)]
    return np.concatenate([np.empty(0, np.float32), *chunks])


def _block_means(images: np.ndarray) -> np.ndarray:
    """(N, 64) float32."""
    count, height, width = images.shape
    rows = images.reshape(count * _BLOCKS, height // _BLOCKS, width).sum(axis=1, dtype=np.uint16)
    sums = rows.reshape(count * _BLOCKS * _BLOCKS, width // _BLOCKS).sum(axis=1, dtype=np.float32)
    return sums.reshape(count, _BLOCKS * _BLOCKS) * (_BLOCKS * _BLOCKS / (height * width))


def _principal_axis(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean, and direction of the largest variance, (64,) each."""
    centre = points.mean(axis=0)
    return centre, np.linalg.eigh((points - centre).T @ (points - centre))[1][:, -1]


def _candidates(left: np.ndarray, right: np.ndarray, axis: np.ndarray, limit: float) -> np.ndarray:
    """Indices of the pairs of points whose root mean square difference is at most ``limit``, (P, 2)."""
    radius = limit * left.shape[1] ** 0.5 + 0.1  # the margin is for rounding in float32
    left_order, right_order = np.argsort(left @ axis), np.argsort(right @ axis)
    left, right = left[left_order], right[right_order]
    along_left, along_right = left @ axis, right @ axis
    # The product of two of these rows is the squared distance, so that one comparison remains.
    left = np.column_stack([-2 * left, (left * left).sum(axis=1), np.ones(len(left), np.float32)])
    right = np.column_stack([right, np.ones(len(right), np.float32), (right * right).sum(axis=1)])
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, len(left), _CHUNK):
        interval = along_left[start:start + _CHUNK]
        first = np.searchsorted(along_right, interval[0] - radius)
        last = np.searchsorted(along_right, interval[-1] + radius, 'right')
        i, j = np.nonzero(left[start:start + _CHUNK] @ right[first:last].T <= radius * radius)
        found.append(np.column_stack([left_order[i + start], right_order[j + first]]))
    return np.concatenate(found)


def _rms(images: np.ndarray, others: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Root mean square difference of each pair's pixels, (P,) float32."""
    def of(part: slice) -> np.ndarray:
        i, j = pairs[part].T
        return np.sqrt(np.square(images[i].astype(np.float32) - others[j]).mean(axis=(1, 2)))

    return _by_chunk(len(pairs), of)
