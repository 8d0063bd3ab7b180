"""Figures written to files and to the visualization backends of a config.

    --cfg-options visualizer.vis_backends=LocalVisBackend,TensorboardVisBackend

WandbVisBackend works in the same way; with the environment variable ``WANDB_MODE=offline`` it needs no account.
"""
from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mmcv
from matplotlib.figure import Figure
from mmengine.visualization import LocalVisBackend, Visualizer

from emonext_mm.utils.files import write_atomic

_DPI = 120


@contextmanager
def kept_open(visualizer: Visualizer) -> Iterator[None]:
    """Close the backends when the block ends, not when a test inside the block ends.

    MMEngine's ``LoggerHook`` closes them at the end of a run; a figure that came later would open a second run in
    WandB, and be lost in TensorBoard.
    """
    visualizer.close = lambda: None
    try:
        yield
    finally:
        del visualizer.close
        visualizer.close()


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, whole or not at all.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    write_atomic(path, _to_png(figure))


def save_and_log(figure: Figure, path: str | Path, visualizer: Visualizer, note: str = '') -> None:
    """Write a figure as PNG and add it to TensorBoard, WandB and the other backends of a visualizer.

    Args:
        path: the file; its stem is the name of the figure in the backends.
        visualizer: its ``LocalVisBackend`` is left out, since it would write the same file again.
        note: the conditions under which the figure was made, printed small below it.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    if note:
        figure.supxlabel(note, fontsize=7, color='grey')
    png = _to_png(figure)
    write_atomic(path, png)
    image = mmcv.imfrombytes(png, channel_order='rgb')
    for backend in visualizer._vis_backends.values():
        if not isinstance(backend, LocalVisBackend):
            backend.add_image(Path(path).stem, image)


def _to_png(figure: Figure) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format='png', dpi=_DPI)
    return png.getvalue()
