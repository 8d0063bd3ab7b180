"""Where a picture goes: to a file, and to whatever else the config has its visualizer write to.

    --cfg-options visualizer.vis_backends=LocalVisBackend,TensorboardVisBackend

WandbVisBackend likewise; with the environment variable ``WANDB_MODE=offline`` it needs no account.
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


@contextmanager
def kept_open(visualizer: Visualizer) -> Iterator[None]:
    """Close the backends at the end of this, and not at the end of the test in it.

    ``LoggerHook`` closes them when a run ends; a picture that came later would open a second run in WandB, and be
    lost in TensorBoard.
    """
    visualizer.close = lambda: None
    try:
        yield
    finally:
        del visualizer.close
        visualizer.close()


def save_picture(figure: Figure, path: Path, visualizer: Visualizer, note: str = '') -> None:
    """Write a figure as PNG, whole or not at all, and give it to TensorBoard, WandB and what else there is.

    Args:
        path: the file; its stem names the picture in the backends.
        visualizer: its ``LocalVisBackend`` is left out: the file is all that it would write.
        note: under which conditions the figure was made, set small below it.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    if note:
        figure.supxlabel(note, fontsize=7, color='grey')
    png = io.BytesIO()
    figure.savefig(png, format='png', dpi=120)
    write_atomic(path, png.getvalue())
    for backend in visualizer._vis_backends.values():
        if not isinstance(backend, LocalVisBackend):
            backend.add_image(path.stem, mmcv.imfrombytes(png.getvalue(), channel_order='rgb'))
