"""Random images written in each of the layouts in which FER2013 circulates."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

NAMES = ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')
OFFICIAL_SPLITS = ('Training', 'PublicTest', 'PrivateTest')
VOTE_COLUMNS = ('neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear', 'contempt',
                'unknown', 'NF')


class Faces(NamedTuple):
    images: np.ndarray  # (N, 48, 48) uint8
    labels: list[int]
    splits: list[str]  # official names

    def of(self, split: str) -> list[int]:
        """Rows of an official split."""
        return [row for row, name in enumerate(self.splits) if name == split]


def make_faces(count: int = 21) -> Faces:
    """Noise of all grey values; every class; the splits mixed, with four of seven faces for training."""
    images = np.random.default_rng(0).integers(0, 256, (count, 48, 48), np.uint8)
    splits = [OFFICIAL_SPLITS[(0, 1, 0, 2, 0, 0, 1)[row % 7]] for row in range(count)]
    return Faces(images, [row * 3 % 7 for row in range(count)], splits)


def pixel_text(image: np.ndarray) -> str:
    return ' '.join(map(str, image.ravel().tolist()))


def csv_rows(faces: Faces) -> list[list[str]]:
    """Rows of emotion, pixels, Usage."""
    return [[str(label), pixel_text(image), split] for image, label, split in zip(*faces)]


def write_lines(path: Path, header: str, rows: list[list[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join([header, *(','.join(row) for row in rows)]) + '\n')
    return path


def write_fer2013(folder: Path, faces: Faces) -> Path:
    return write_lines(folder / 'fer2013.csv', 'emotion,pixels,Usage', csv_rows(faces))


def write_icml(folder: Path, faces: Faces) -> Path:
    rows = [[label, split, pixels] for label, pixels, split in csv_rows(faces)]
    return write_lines(folder / 'icml_face_data.csv', 'emotion, Usage, pixels', rows)


def write_image(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def write_folders(folder: Path, faces: Faces, names: tuple = NAMES) -> Path:
    """Write train/ and test/, with files named <official split>_<row>.png."""
    for row, (image, label, split) in enumerate(zip(*faces)):
        subfolder = 'train' if split == 'Training' else 'test'
        write_image(folder / subfolder / names[label] / f'{split}_{row}.png', image)
    return folder


def write_votes(folder: Path, splits: list[str], votes: list[dict]) -> Path:
    rows = [[split, f'fer{row:07d}.png', *(str(vote.get(name, 0)) for name in VOTE_COLUMNS)]
            for row, (split, vote) in enumerate(zip(splits, votes))]
    return write_lines(folder / 'fer2013new.csv', ','.join(['Usage', 'Image name', *VOTE_COLUMNS]), rows)
