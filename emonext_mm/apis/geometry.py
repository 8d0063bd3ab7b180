"""The faces that a test pipeline gives to a model, which an exported file must be given too."""
from __future__ import annotations

import logging
from typing import Any

from mmengine.logging import print_log
from mmpretrain.registry import DATASETS

STORED = 48  # px, side of the faces of FER2013
# Steps of a test pipeline and their options: ``...`` where any value gives the same file, else the value that the file
# stands for; None for the options that are not here.
STEPS = dict(
    LoadImageFromFile=dict(imdecode_backend=..., backend_args=..., ignore_empty=..., color_type='color'),
    ToGrey={},
    Resize=dict(scale=..., interpolation=..., backend=..., keep_ratio=False, clip_object_border=True),
    CenterCrop=dict(crop_size=..., auto_pad=False, pad_cfg=dict(type='Pad'), clip_object_border=True),
    PackInputs=dict(input_key='img', algorithm_keys=..., meta_keys=...),
)

AREAS = ('area', 'box')  # interpolations by the mean of areas, of OpenCV and Pillow


def read_geometry(pipeline: list[dict]) -> dict[str, Any]:
    """Faces that a test pipeline gives to a model. A ``Resize`` that may shrink otherwise than by the mean of areas, as
    an exported file is given its faces, is warned of.

    Returns:
        ``size``, side in px; ``channels``, 1 for grey and 3 for RGB; ``crop``, side of the shown square divided by the
        side of the stored face.

    Raises:
        ValueError: the pipeline has a step or an option that is not in ``STEPS``, a ``Resize`` or ``CenterCrop`` that
            is not square, a ``Resize`` to the nearest pixels, or a ``CenterCrop`` larger than the faces.
    """
    size, channels, crop = STORED, 3, 1.0
    any_size = False
    for step in pipeline:
        kind = step['type'] if isinstance(step['type'], str) else step['type'].__name__
        _check_step(step, kind)
        if kind == 'ToGrey':
            channels = 1
        elif kind == 'LoadImageFromFile':
            any_size = True
        elif kind == 'Resize':
            resized = _square(step['scale'], kind)
            _check_interpolation(step.get('interpolation', 'bilinear'), resized, any_size or resized < size)
            size, any_size = resized, False
        elif kind == 'CenterCrop':
            cropped = _square(step['crop_size'], kind)
            if cropped > size:
                raise ValueError(f'{kind} to {cropped} px of faces of {size} px, which MMPretrain does not pad')
            size, crop = cropped, crop * cropped / size
    return dict(size=size, channels=channels, crop=crop)


def read_faces(dataset: dict) -> dict[str, Any]:
    """:func:`read_geometry` of the config of a test data set, the channels by a sample where no file is loaded.

    A data set that gives the images itself, such as ``FER2013``, may give grey ones without ``ToGrey``.

    Raises:
        ValueError: see :func:`read_geometry`.
    """
    geometry = read_geometry(dataset['pipeline'])
    if geometry['channels'] == 1 or any('LoadImageFromFile' in str(step['type']) for step in dataset['pipeline']):
        return geometry
    try:
        return dict(geometry, channels=len(DATASETS.build(dataset)[0]['inputs']))
    except (OSError, ValueError) as error:
        print_log(f'the faces are taken to be in colour, because there is no sample of the test data: {error}',
                  'current', logging.WARNING)
        return geometry


def _check_step(step: dict, kind: str) -> None:
    if kind not in STEPS:
        raise ValueError(f'the test pipeline has {kind}, which is not exported')
    for option in sorted(step.keys() - {'type', '_scope_'}):
        if STEPS[kind].get(option) not in (..., step[option]):
            raise ValueError(f'{kind} with {option}={step[option]!r} is not exported')


def _check_interpolation(name: str, size: int, may_shrink: bool) -> None:
    if name == 'nearest':
        raise ValueError(f'Resize with interpolation={name!r} is not exported')
    if may_shrink and name not in AREAS:
        print_log(f'Resize with interpolation={name!r}: the test shrinks faces above {size} px by it, prediction by '
                  "interpolation='area', so that the answers may differ", 'current', logging.WARNING)


def _square(sides: int | tuple[int, int], kind: str) -> int:
    sides = {sides} if isinstance(sides, int) else set(sides)
    if len(sides) > 1:
        raise ValueError(f'{kind} to {sorted(sides)}, and only square faces are exported')
    return sides.pop()
