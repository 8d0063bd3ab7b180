"""What a person wants to see at the end of a test: a few numbers, and two pictures."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mmengine
import numpy as np
import torch
from matplotlib import pyplot
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset
from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor, nn

from emonext_mm.evaluation.predictions import write_atomic
from emonext_mm.host import to_plain
from emonext_mm.models import STNDataPreprocessor

from .conditions import conditions_line

NUMBERS = {
    'accuracy': ['accuracy/top1'],
    '95 % interval': ['accuracy/ci95_low', 'accuracy/ci95_high'],
    'macro-F1': ['single-label/f1-score'],
    'UAR': ['single-label/recall'],
    'ECE': ['calibration/ece'],
}
METRICS_SUFFIXES = ('.json', '.yaml', '.yml', '.pkl', '.pickle')


def summarize_test(runner: Runner, metrics: dict, conditions: dict | None = None) -> str:
    """Write ``confusion_matrix.png`` and, for a model with an STN, ``stn_faces.png`` to the work dir.

    Args:
        runner: after ``runner.test()``.
        metrics: what it returned.
        conditions: see ``ConditionsHook``.

    Returns:
        A few lines: conditions, accuracy with its interval, macro-F1, unweighted average recall, expected
        calibration error, as far as they were measured, and where checkpoint and pictures are.
    """
    dataset = runner.test_dataloader.dataset
    folder = Path(runner.work_dir)
    lines = [f'Tested {len(dataset)} images of {type(dataset).__name__}, split {getattr(dataset, "split", "?")}']
    if conditions is not None:
        lines.append(f'{"conditions":<17}{conditions_line(conditions)}')
    for name, keys in NUMBERS.items():
        if metrics.keys() >= set(keys):
            lines.append(f'{name:<17}{" to ".join(f"{metrics[key]:.2f}" for key in keys)} %')
    lines.append(f'{"checkpoint":<17}{runner._load_from}')
    if 'confusion_matrix/result' in metrics:
        figure = draw_confusion_matrix(metrics['confusion_matrix/result'], dataset.metainfo['classes'])
        lines.append(_save(figure, folder / 'confusion_matrix.png', 'confusion matrix'))
    preprocessor = _unwrap(runner.model).data_preprocessor
    if isinstance(preprocessor, STNDataPreprocessor) and preprocessor.localization is not None:
        figure = draw_stn(preprocessor, dataset)
        if figure is not None:
            lines.append(_save(figure, folder / 'stn_faces.png', 'STN, in and out'))
    return '\n' + '\n'.join(lines)


def write_metrics(path: str | Path, metrics: dict, conditions: dict) -> None:
    """Write a test's metrics, and its ``conditions`` among them, whole or not at all.

    Args:
        path: ends in one of ``METRICS_SUFFIXES``.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    content = to_plain({**metrics, 'conditions': conditions})
    write_atomic(path, mmengine.dump(content, file_format=Path(path).suffix.lstrip('.')))


def draw_confusion_matrix(matrix: Tensor, classes: Sequence[str]) -> Figure:
    """Draw counts (K, K), rows the true class: each cell its count, coloured by its share of the row."""
    share = matrix / matrix.sum(1, keepdim=True).clamp(min=1)
    figure, axes = pyplot.subplots(figsize=(6.4, 5.6), layout='constrained')
    image = axes.imshow(share.cpu().numpy(), cmap='Blues', vmin=0, vmax=1)
    for row, column in torch.cartesian_prod(*2 * [torch.arange(len(matrix))]).tolist():
        colour = 'white' if share[row, column] > 0.5 else 'black'
        axes.text(column, row, int(matrix[row, column]), ha='center', va='center', color=colour)
    axes.set_xticks(range(len(classes)), classes, rotation=30, ha='right')
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel='predicted', ylabel='true')
    figure.colorbar(image, label='share of the true class')
    return figure


@torch.no_grad()
def draw_stn(preprocessor: STNDataPreprocessor, dataset: BaseDataset, count: int = 10) -> Figure | None:
    """Draw faces of a data set before the STN, with the frame it samples, and after it.

    None if the pipeline of the data set gives several views of an image, as for test-time augmentation.
    """
    chosen = torch.linspace(0, len(dataset) - 1, min(count, len(dataset))).int().tolist()
    inputs = [dataset[index]['inputs'] for index in chosen]
    if not isinstance(inputs[0], Tensor):
        return None
    faces = ClsDataPreprocessor.forward(preprocessor.eval(), dict(inputs=inputs))['inputs']
    warped, theta = preprocessor.warp(faces)
    corners = torch.tensor([[-1.0, 1, 1, -1, -1], [-1, -1, 1, 1, -1], [1, 1, 1, 1, 1]], device=theta.device)
    height, width = faces.shape[-2:]
    size = torch.tensor([[width], [height]], device=theta.device)
    # -1 and 1 are the outer edges of the border pixels, or their centres; pixel 0 has its centre at 0.
    frames = ((size - int(preprocessor.align_corners)) * (theta @ corners) + size - 1) / 2
    figure, axes = pyplot.subplots(2, len(faces), figsize=(1.3 * len(faces), 2.9), layout='constrained', squeeze=False)
    for column, (face, frame, out) in enumerate(zip(faces, frames, warped)):
        for row, image in enumerate((face, out)):
            axes[row, column].imshow(_pixels(image, preprocessor), vmin=0, vmax=255)
            axes[row, column].set(xticks=[], yticks=[])
        axes[0, column].set_frame_on(False)
        # Room round the face, for a frame that reaches beyond it.
        axes[0, column].set(xlim=(-0.25 * width, 1.25 * width), ylim=(1.25 * height, -0.25 * height))
        axes[0, column].plot(*frame.cpu().numpy(), color='tab:orange')
    axes[0, 0].set_ylabel('in')
    axes[1, 0].set_ylabel('out')
    return figure


def _pixels(image: Tensor, preprocessor: ClsDataPreprocessor) -> np.ndarray:
    """A normalised image (C, H, W) as pixels (H, W, 3)."""
    if preprocessor._enable_normalize:
        image = image * preprocessor.std + preprocessor.mean
    return image.clamp(0, 255).byte().permute(1, 2, 0).expand(-1, -1, 3).cpu().numpy()


def _unwrap(model: nn.Module) -> nn.Module:
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    return model


def _save(figure: Figure, path: Path, title: str) -> str:
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return f'{title:<17}{path}'
