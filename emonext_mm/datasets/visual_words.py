"""Bag of visual words of faces: dense SIFT, a vocabulary by k-means, presence of words in a spatial pyramid.

Ionescu, Popescu & Grozea, "Local Learning to Improve Bag of Visual Words Model for Facial Expression Recognition", ICML
workshop 2013, which Georgescu, Ionescu & Popescu, IEEE Access 7, 64827, 2019, fuse with deep features. No code is
published. Inferred, from a re-implementation: steps of 5 px; 17,000 words for the whole image, 14,000 for 2 x 2 cells,
8,000 for 4 x 4. Ours: the size of the descriptors, k-means by mini-batches on a sample.
"""
from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import MiniBatchKMeans

WORDS = (17_000, 14_000, 8_000)  # of the levels: 1, 2 x 2, 4 x 4 cells


def grid(side: int, step: int) -> np.ndarray:
    """Positions (K, 2) of the descriptors in a square image, x first: a grid, centred."""
    count = (side - 1) // step + 1
    axis = (side - 1 - (count - 1) * step) / 2 + step * np.arange(count)
    return np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)


def dense_sift(image: np.ndarray, step: int = 5, size: float = 4.0) -> np.ndarray:
    """Descriptors (K, 128) float32 of a grey square image (H, H) uint8 at the points of :func:`grid`.

    Args:
        image: grey bytes.
        step: distance of the points in pixels.
        size: of the key points; the window of a descriptor is 6 times as wide. VLFeat's bins of b px are 2 b / 3.

    Raises:
        ValueError: the image is not grey, square bytes.
    """
    if image.dtype != np.uint8 or image.ndim != 2 or image.shape[0] != image.shape[1]:
        raise ValueError(f'expected a grey square image of bytes, got {image.dtype} of shape {image.shape}')
    # An angle of -1, the default, would turn each window by one degree.
    points = [cv2.KeyPoint(float(x), float(y), size, 0) for x, y in grid(image.shape[0], step)]
    return cv2.SIFT_create().compute(image, points)[1]


class Vocabulary:
    """Words: centres of clusters of descriptors.

    Args:
        words: number of words.
        seed: of the clustering.

    Raises:
        ValueError: ``words`` is below 1.
    """

    def __init__(self, words: int, seed: int = 0) -> None:
        if words < 1:
            raise ValueError(f'the number of words must be at least 1, got {words}')
        self.words = words
        self._clusters = MiniBatchKMeans(words, batch_size=4096, n_init=1, random_state=seed)

    def fit(self, descriptors: np.ndarray) -> Vocabulary:
        """Cluster descriptors (N, D).

        Raises:
            ValueError: there are fewer descriptors than words.
        """
        if len(descriptors) < self.words:
            raise ValueError(f'{self.words} words need as many descriptors, got {len(descriptors)}')
        self._clusters.fit(descriptors)
        return self

    def assign(self, descriptors: np.ndarray) -> np.ndarray:
        """Index (N,) of the nearest word of each descriptor (N, D)."""
        return self._clusters.predict(descriptors)


def pyramid(words: Sequence[np.ndarray], points: np.ndarray, side: int, counts: Sequence[int]) -> csr_matrix:
    """Presence of words in the cells of a pyramid, as sparse rows of length 1.

    Level i has 2^i x 2^i cells and a vocabulary of its own. The columns are ordered by level, cell (row by row), word;
    with :data:`WORDS` there are 201,000.

    Args:
        words: for each level the words (N, K) of the K points of N images.
        points: (K, 2), see :func:`grid`.
        side: height and width of the images in pixels.
        counts: number of words of each level.

    Returns:
        (N, number of columns) float32.
    """
    images, columns, start = len(words[0]), [], 0
    for level, (found, count) in enumerate(zip(words, counts, strict=True)):
        cells = 2 ** level
        column, row = np.minimum((points + 0.5) * cells // side, cells - 1).astype(int).T
        columns.append(start + (row * cells + column) * count + found)
        start += cells ** 2 * count
    columns = np.concatenate(columns, 1)
    rows = np.repeat(np.arange(images), columns.shape[1])
    present = csr_matrix((np.ones(columns.size, np.float32), (rows, columns.ravel())), (images, start))
    present.data[:] = 1  # a word that occurs twice is present
    lengths = np.sqrt(present.getnnz(1))
    present.data /= np.repeat(lengths, present.getnnz(1)).astype(np.float32)
    return present
