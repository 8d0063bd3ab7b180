"""Which pictures are copies of one another.

The rule: two pictures are *exact copies* if all pixels are equal. They are *near copies* if the root mean
square (RMS) of their pixels' differences is at most ``LIMIT`` = 10 grey levels, and at most half the standard
deviation of the flatter picture, so that a constant picture has exact copies alone.

The search is exact, not approximate. The mean of a block of pixels never differs by more than the RMS of the
block's differences (Jensen), so pictures that are near have near 8x8 block means; and a projection shrinks
every distance, so that along one axis only a short stretch of the others has to be compared.

Why 10: all 32,284 pictures of Training and PublicTest that are not blank were saved as JPEG 75, which moved them
by at most 9.2 (JPEG 95: 1.7; noise of one grey level: 0.9), so that every such copy is found; shifted by two
pixels, all but 16 moved by more than 10. A look at 96 pairs each at 4 to 8, at 8 to 11 and just below 20 found
nothing but one photograph twice: the limit can miss copies (other crops), but does not invent any.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

LIMIT = 10.0  # grey levels
_FLATNESS = 0.5  # of the standard deviation
_BLOCKS = 8  # block means across and down
_CHUNK = 512  # images; the products of a chunk and all others take 70 MB


def close_pairs(images: np.ndarray, others: np.ndarray | None = None,
                limit: float = LIMIT) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of near copies (see the module), exact copies that are not constant among them.

    Args:
        images: (N, H, W) uint8, H and W multiples of 8.
        others: (M, H, W) uint8; None for pairs i < j within ``images``.
        limit: largest RMS difference, grey levels.

    Returns:
        Places, (P, 2) int64, the first into ``images``, the second into ``others``, sorted; and RMS
        differences, (P,) float32.

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


def have_copy(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the images have an exact or near copy among the others, (N,) bool.

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
    """The place of the first image with the same pixels, (N,) int64: its own where there is none before."""
    places: dict[bytes, int] = {}
    return np.fromiter((places.setdefault(image.tobytes(), i) for i, image in enumerate(images)), np.int64, len(images))


def linked_groups(pairs: np.ndarray, count: int) -> np.ndarray:
    """The smallest place that each of ``count`` images is linked to by a chain of pairs, (N,) int64."""
    root = np.arange(count)
    while True:
        smaller = root.copy()
        lowest = np.minimum(root[pairs[:, 0]], root[pairs[:, 1]])
        for column in pairs.T:
            np.minimum.at(smaller, column, lowest)
        if (smaller == root).all():
            return root
        root = smaller


def contrast(images: np.ndarray) -> np.ndarray:
    """Standard deviation of each image's pixels, (N,) float32, grey levels."""
    return _by_chunk(len(images), lambda part: images[part].astype(np.float32).std(axis=(1, 2)))


def _by_chunk(count: int, function: Callable[[slice], np.ndarray]) -> np.ndarray:
    """(count,) float32."""
    chunks = [function(slice(start, start + _CHUNK)) for start in range(0, count, _CHUNK)]
    return np.concatenate([np.empty(0, np.float32), *chunks])


def _block_means(images: np.ndarray) -> np.ndarray:
    """(N, 64) float32."""
    count, height, width = images.shape
    rows = images.reshape(count * _BLOCKS, height // _BLOCKS, width).sum(axis=1, dtype=np.uint16)
    sums = rows.reshape(count * _BLOCKS * _BLOCKS, width // _BLOCKS).sum(axis=1, dtype=np.float32)
    return sums.reshape(count, _BLOCKS * _BLOCKS) * (_BLOCKS * _BLOCKS / (height * width))


def _principal_axis(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and direction of largest variance, (64,) each."""
    centre = points.mean(axis=0)
    return centre, np.linalg.eigh((points - centre).T @ (points - centre))[1][:, -1]


def _candidates(left: np.ndarray, right: np.ndarray, axis: np.ndarray, limit: float) -> np.ndarray:
    """Places of the points whose root mean square difference is at most ``limit``, (P, 2)."""
    radius = limit * left.shape[1] ** 0.5 + 0.1  # the rest is for what rounds off in float32
    left_order, right_order = np.argsort(left @ axis), np.argsort(right @ axis)
    left, right = left[left_order], right[right_order]
    along_left, along_right = left @ axis, right @ axis
    # The product of these rows is the squared distance, so that one comparison is all that is left to do.
    left = np.column_stack([-2 * left, (left * left).sum(axis=1), np.ones(len(left), np.float32)])
    right = np.column_stack([right, np.ones(len(right), np.float32), (right * right).sum(axis=1)])
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, len(left), _CHUNK):
        stretch = along_left[start:start + _CHUNK]
        first = np.searchsorted(along_right, stretch[0] - radius)
        last = np.searchsorted(along_right, stretch[-1] + radius, 'right')
        i, j = np.nonzero(left[start:start + _CHUNK] @ right[first:last].T <= radius * radius)
        found.append(np.column_stack([left_order[i + start], right_order[j + first]]))
    return np.concatenate(found)


def _rms(images: np.ndarray, others: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Root mean square difference of each pair's pixels, (P,) float32."""
    def of(part: slice) -> np.ndarray:
        i, j = pairs[part].T
        return np.sqrt(np.square(images[i].astype(np.float32) - others[j]).mean(axis=(1, 2)))

    return _by_chunk(len(pairs), of)
