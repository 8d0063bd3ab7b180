"""Look at the images of a config."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmpretrain.datasets.transforms import PackInputs

from emonext_mm import compat
from emonext_mm.utils.command_line import host_tool, process_arguments
from emonext_mm.utils.images import to_three_channels


def browse(argv: Sequence[str] | None = None) -> None:
    """Draw the images of a data set before and after each step of its pipeline: MMPretrain's ``browse_dataset.py``.

    Three things differ from MMPretrain's own: grey images are drawn grey, a pipeline may end without ``PackInputs``, as
    that of a ``collate_faces`` does, and every ``--mode`` works with today's matplotlib.

    Args:
        argv: the options of that tool; those of the process when None.

    Raises:
        ValueError, OSError: the config or its data are wrong.
    """
    compat.setup()
    tool = host_tool('visualization/browse_dataset')
    tool.InspectCompose = _grey_and_packed(tool.InspectCompose)
    tool.adjust_bbox = _with_renderer(tool.adjust_bbox)
    with process_arguments('browse_dataset.py', argv):
        tool.main()


def _grey_and_packed(base: type) -> type:
    """Subclass of MMPretrain's pipeline that records the image after each step."""

    class InspectCompose(base):

        def __call__(self, data: dict) -> dict:
            data = super().__call__(data)
            for step in self.intermediate_imgs:
                step['img'] = _three_channels(step['img'])
            return data if 'data_samples' in data else PackInputs()(data)

    return InspectCompose


def _three_channels(image: Any) -> Any:
    if isinstance(image, list):  # views
        return [_three_channels(view) for view in image]
    return to_three_channels(np.asarray(image))


def _with_renderer(adjust_bbox: Callable) -> Callable:
    """matplotlib's function with the call of before 3.11, which had no renderer."""
    if 'renderer' not in inspect.signature(adjust_bbox).parameters:
        return adjust_bbox
    return lambda figure, bbox: adjust_bbox(figure, bbox, figure.canvas.get_renderer())
