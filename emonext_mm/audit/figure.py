"""A figure of the worst defects that an audit found: groups of duplicates, with split and label of each image."""
from __future__ import annotations

from itertools import chain

import numpy as np
from matplotlib.figure import Figure

from emonext_mm.audit.faces import Faces
from emonext_mm.audit.findings import Findings, Group
from emonext_mm.datasets.splits import SPLITS
from emonext_mm.emotions import CLASSES, UNLABELLED
from emonext_mm.visualization.image_grid import draw_grid

_COLUMNS = 12
_MOST = 5 * _COLUMNS  # images of each kind of defect
_Members = list[tuple[int, int]]  # of a group: index of an image, and the number of images that it represents


def draw_audit(found: Findings, faces: Faces) -> Figure:
    """Draw groups with contradicting labels, groups in more than one split, and mirrored pairs, the largest first.

    Of the images of a group that share split and label, the first is drawn, with their number. The caption is red if
    the label is not the most frequent one of its group.
    """
    groups = {
        'contradicting': _largest([group for group in found.groups if group.contradicts], 'labels', faces),
        'leaked': _largest([group for group in found.groups if len(group.splits) > 1], 'splits', faces),
        'mirrored': [[(index, 1) for index in pair] for pair in found.mirrored.tolist()],
    }
    drawn = list(chain.from_iterable(_captioned(kind, members, faces) for kind, members in groups.items()))
    indices, captions, colors = zip(*drawn) if drawn else ((), (), ())
    title = (f'Groups of duplicates with contradicting labels: {len(groups["contradicting"])}, in more than one split: '
             f'{len(groups["leaked"])}; pairs of mirrored duplicates: {len(groups["mirrored"])}')
    return draw_grid([faces.images[index] for index in indices], captions, title, columns=_COLUMNS,
                     caption_colors=colors)


def _largest(groups: list[Group], field: str, faces: Faces) -> list[_Members]:
    """Members of groups, those with the most labels or splits first, then those with the most images."""
    groups = sorted(groups, key=lambda group: (-len(getattr(group, field)), -len(group.indices)))
    return [_members(group.indices, faces) for group in groups]


def _members(indices: np.ndarray, faces: Faces) -> _Members:
    """The first image of each split and label in a group, and the number of such images."""
    kinds = np.column_stack([faces.splits[indices], faces.labels[indices]])
    _, first, counts = np.unique(kinds, axis=0, return_index=True, return_counts=True)
    return list(zip(indices[first].tolist(), counts.tolist()))


def _captioned(kind: str, groups: list[_Members], faces: Faces) -> list[tuple[int, str, str]]:
    """Index, caption and caption colour for the images of as many whole groups as fit."""
    drawn = []
    for number, members in enumerate(groups, start=1):
        if len(drawn) + len(members) > _MOST:
            break
        usual = _usual_label(members, faces)
        for index, count in members:
            label = int(faces.labels[index])
            name = 'no label' if label == UNLABELLED else CLASSES[label]
            times = f' x{count}' if count > 1 else ''
            caption = f'{kind} {number}\n{name}\n{SPLITS[faces.splits[index]]}{times}'
            drawn.append((index, caption, 'black' if label == usual else 'red'))
    return drawn


def _usual_label(members: _Members, faces: Faces) -> int:
    votes = np.zeros(len(CLASSES) + 1)
    for index, count in members:
        votes[faces.labels[index]] += count  # UNLABELLED, -1, is the last one
    return int(votes[:-1].argmax())
