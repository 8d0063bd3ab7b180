"""Drawn faces on the disk, in FER2013's layouts: the benchmarks need no data."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.emotions import CLASSES

DRAWN = 2000  # more than these repeat themselves: a second of drawing is 1,300 faces


def draw_faces(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, 48, 48) uint8 and labels (count,)."""
    images = SyntheticFER(min(count, DRAWN)).images
    numbers = np.arange(count) % len(images)
    return images[numbers], numbers % len(CLASSES)


def write_csv(path: Path, images: np.ndarray, labels: np.ndarray, header: str = 'emotion,pixels,Usage') -> Path:
    """A csv of training faces with the columns of ``header``."""
    texts = {}  # of the faces that repeat themselves
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
    """``train/<class>/Training_<number>.jpg``."""
    for label in np.unique(labels):  # ImageFolder wants no empty one
        (root / 'train' / CLASSES[label]).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(images, labels)):
        cv2.imwrite(str(root / 'train' / CLASSES[label] / f'Training_{number}.jpg'), image)
    return root
