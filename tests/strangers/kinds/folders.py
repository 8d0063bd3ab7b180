"""Image folders: any tree of files, folders, links and pipes."""
from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from hypothesis import strategies as st

from emonext_mm.audit.faces import read_faces
from emonext_mm.datasets.fer2013 import FER2013
from tests.helpers.png import png
from tests.strangers.campaign import Kind
from tests.strangers.kinds.csv_files import is_cache
from tests.strangers.wild import EDITS, Edit, damage

SPLITS = ['train', 'Training', 'val', 'valid', 'test', 'PublicTest', 'images', 'x']
CLASSES = ['angry', 'Happiness', 'sad', 'Neutral', 'contempt', '.git', '@eaDir']
FILES = ['1.png', 'Training_2.jpg', 'PublicTest_3.jpg', 'PrivateTest_4.bmp', '5.tif', '6.jfif', '7', 'Thumbs.db',
         'x.csv', '8.gif', '9' * 40 + '.png']
TARGETS = ['.', '..', '../..', 'nowhere', '/dev/zero', '/', '1.png']


class Node(NamedTuple):
    """One entry of the tree. An entry that cannot be made, because another is there, is left out."""

    path: tuple[str, ...]
    kind: str
    size: tuple[int, int]
    target: str
    edits: list[Edit]


class Case(NamedTuple):
    nodes: list[Node]
    split: str
    face_size: int | None
    audit: bool


PATHS = (st.tuples(st.sampled_from(SPLITS[:6]), st.sampled_from(CLASSES[:4]), st.sampled_from(FILES))
         | st.tuples(st.sampled_from(SPLITS), st.sampled_from(SPLITS + CLASSES), st.sampled_from(CLASSES + FILES))
         | st.tuples(st.sampled_from(SPLITS + CLASSES + ['fer2013.csv', 'train.csv']))
         | st.tuples(st.sampled_from(SPLITS), st.sampled_from(FILES)))
NODES = st.builds(Node, PATHS, st.sampled_from(['image'] * 8 + ['damaged', 'giant', 'pipe', 'folder', 'link']),
                  st.sampled_from([(48, 48)] * 5 + [(48, 47), (1, 1), (224, 224)]), st.sampled_from(TARGETS), EDITS)
CASES = st.builds(Case, st.lists(NODES, min_size=1, max_size=8), st.sampled_from(['train', 'val', 'test']),
                  st.sampled_from([48, 48, None, 64]), st.booleans())


def write(case: Case, folder: Path) -> None:
    (folder / 'data').mkdir()
    for node in case.nodes:
        path = folder.joinpath('data', *node.path)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            _make(node, path)


def _make(node: Node, path: Path) -> None:
    if node.kind == 'pipe':
        os.mkfifo(path)
    elif node.kind == 'folder':
        path.mkdir()
    elif node.kind == 'link':
        path.symlink_to(node.target)
    elif not os.path.lexists(path):
        content = png(30_000, 30_000) if node.kind == 'giant' else _picture(path.suffix, node.size)
        path.write_bytes(damage(content, node.edits) if node.kind == 'damaged' else content)


def _picture(suffix: str, size: tuple[int, int]) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    return cv2.imencode(suffix if suffix in ('.jpg', '.bmp', '.tif') else '.png', pixels)[1].tobytes()


def read(case: Case, folder: Path) -> None:
    root = str(folder / 'data')
    if case.audit:
        assert len(read_faces(root).images)
    else:
        assert len(FER2013(root, split=case.split, face_size=case.face_size).images)


KIND = Kind(CASES, write, read, is_cache)
