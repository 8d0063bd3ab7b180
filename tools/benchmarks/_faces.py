"""Drawn faces on disk in FER2013's layouts, so that the benchmarks need no data."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.emotions import CLASSES

DRAWN = 2000  # further faces repeat these: drawing 1,300 takes a second


def draw_faces(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw images (count, 48, 48) uint8 and labels (count,)."""
    images = SyntheticFER(min(count, DRAWN)).images
    indices = np.arange(count) % len(images)
    return images[indices], indices % len(CLASSES)


def write_csv(path: Path, images: np.ndarray, labels: np.ndarray, header: str = 'emotion,pixels,Usage') -> Path:
    """Write a csv of training faces with the columns of ``header``."""
    texts = {}  # one for each different face
    with open(path, 'w') as file:
        print(header, file=file)
        for image, label in zip(images, labels):
            key = image.tobytes()
            if key not in texts:
                texts[key] = ' '.join(map(str, image.ravel().tolist()))
            row = {'emotion': str(label), 'pixels': texts[key], 'Usage': 'Training'}
            print(','.join(row[name.strip()] for name in header.split(',')), file=file)
    return path


def write_folders(root: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    """Write ``train/<class>/Training_<index>.jpg``."""
    for label in np.unique(labels):  # ImageFolder refuses an empty folder
        (root / 'train' / CLASSES[label]).mkdir(parents=True)
    for index, (image, label) in enumerate(zip(images, labels)):
        cv2.imwrite(str(root / 'train' / CLASSES[label] / f'Training_{index}.jpg'), image)
    return root
