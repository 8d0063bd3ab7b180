"""Draw the figures of a training run."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.runner import Runner
from mmpretrain.evaluation import ConfusionMatrix
from mmpretrain.models import ImageClassifier

from emonext_mm import compat
from emonext_mm.compat.config import prepare_test
from emonext_mm.engine.hooks import ClassOrderHook, FiniteHook
from emonext_mm.engine.start import check_test
from emonext_mm.evaluation.conditions import ConditionsHook, conditions_line
from emonext_mm.utils.command_line import merge_test_options
from emonext_mm.utils.models import unwrap
from emonext_mm.utils.training_log import read_log
from emonext_mm.utils.work_dir import find_checkpoint
from emonext_mm.visualization.backends import kept_open, save_and_log
from emonext_mm.visualization.cam import draw_cam
from emonext_mm.visualization.confusion import draw_confusion_matrix
from emonext_mm.visualization.curves import draw_curves
from emonext_mm.visualization.faces import has_stn
from emonext_mm.visualization.mistakes import draw_mistakes
from emonext_mm.visualization.scores import GatherScores
from emonext_mm.visualization.stn import draw_stn


@dataclass(frozen=True)
class Visualization:
    """The figures that were written, and the reasons why the others were not."""

    figures: dict[str, Path]
    missing: dict[str, str]


def visualize(
    config: str | Path | Config,
    run: str | Path | None = None,
    out: str | Path | None = None,
    *,
    only: Sequence[str] = (),
    tta: bool = False,
    cfg_options: dict[str, Any] | None = None,
) -> Visualization:
    """Draw the figures of a training run, as ``tools/visualize.py`` does.

    Args:
        config: file, or config.
        run: work dir of a training, or a checkpoint in it.
        out: folder of the figures; ``figures/`` in the work dir when None.
        only: names of :data:`FIGURES`; all of them when empty.
        tta: compute confusion matrix and mistakes on several views of each image, as in
            :func:`~emonext_mm.apis.test.test`.
        cfg_options: changes to the config by dotted key.

    Raises:
        ValueError: a name in ``only`` is unknown, or the data and the model do not fit each other.
        OSError: a file cannot be read or written.
        CheckpointError: the checkpoint was refused.
        FloatingPointError: a score is not finite.
    """
    compat.setup()
    names = list(only or FIGURES)
    for name in names:
        if name not in FIGURES:
            raise ValueError(f'unknown figure {name}, expected one of {", ".join(FIGURES)}')
    work_dir, checkpoint = _find_run(run)
    options = dict(checkpoint=checkpoint and str(checkpoint), cfg_options=cfg_options, tta=tta)
    cfg = merge_test_options(config, options)
    out = Path(out or Path(work_dir or cfg.work_dir) / 'figures')
    cfg.work_dir = str(out)  # the log of this call does not mix with that of the training
    cfg.test_evaluator = []
    trained = TrainedRun(Runner.from_cfg(prepare_test(cfg)), work_dir)
    with kept_open(trained.runner.visualizer):
        return _save_figures(trained, names, out)


class TrainedRun:
    """A training run: its config and, where they exist, its checkpoint and its log.

    Args:
        runner: built from a config that is prepared for a test, without metrics. Its checkpoint, ``load_from`` of the
            config, is loaded at once.
        work_dir: the work dir of the training, if there is one.
    """

    def __init__(self, runner: Runner, work_dir: Path | None = None) -> None:
        self.runner = runner
        self.work_dir = work_dir
        self._conditions = ConditionsHook()
        order = ClassOrderHook()
        for hook in (self._conditions, order, FiniteHook()):
            runner.register_hook(hook)
        if self._has_checkpoint():
            runner.call_hook('before_run')
            runner.load_or_resume()
            order.before_test(runner)

    @property
    def dataset(self) -> BaseDataset:
        return self.runner.test_dataloader.dataset

    @property
    def model(self) -> ImageClassifier:
        """The model with the weights of the checkpoint. It answers in the order of the data set's classes.

        Raises:
            ValueError: there is no checkpoint.
        """
        self._need_checkpoint()
        return unwrap(self.runner.model)

    @cached_property
    def scores(self) -> GatherScores:
        """Labels and predicted probabilities of the test split. The first access runs the test.

        Raises:
            ValueError: there is no checkpoint, the split has no labels, or the test would be refused, see
                :func:`~emonext_mm.apis.test.test`.
        """
        self._need_checkpoint()
        check_test(self.runner)
        scores = GatherScores()
        self.runner.test_evaluator.metrics = [scores]
        self.runner.test()
        return scores

    def conditions(self) -> str:
        """Describe checkpoint, views and data in one line."""
        conditions = self._conditions.describe(self.runner, {})
        return f'{conditions_line(conditions)}; {conditions["dataset"]["type"]}, {conditions["split"]}'

    def _has_checkpoint(self) -> bool:
        return self.runner.cfg.get('load_from') is not None

    def _need_checkpoint(self) -> None:
        if not self._has_checkpoint():
            raise ValueError(f'no checkpoint {f"in {self.work_dir}" if self.work_dir else "was given"}')


def _draw_confusion(run: TrainedRun) -> Figure:
    predicted, labels = torch.from_numpy(run.scores.scores.argmax(1)), torch.from_numpy(run.scores.labels)
    classes = run.dataset.metainfo['classes']
    return draw_confusion_matrix(ConfusionMatrix.calculate(predicted, labels, num_classes=len(classes)), classes)


def _draw_mistakes(run: TrainedRun) -> Figure:
    return draw_mistakes(run.dataset, run.scores.labels, run.scores.scores)


def _draw_stn(run: TrainedRun) -> Figure:
    if not has_stn(run.model.data_preprocessor):
        raise ValueError('the model has no STN')
    return draw_stn(run.model.data_preprocessor, run.dataset)


def _draw_cam(run: TrainedRun) -> Figure:
    return draw_cam(run.model, run.dataset)


def _draw_curves(run: TrainedRun) -> Figure:
    if run.work_dir is None:
        raise ValueError('no work dir was given, so there is no log')
    return draw_curves(read_log(run.work_dir), run.work_dir.name)


# Each function raises ValueError, OSError or ImportError, with the reason, if its figure cannot be drawn.
FIGURES = {
    'confusion': _draw_confusion,
    'mistakes': _draw_mistakes,
    'stn': _draw_stn,
    'cam': _draw_cam,
    'curves': _draw_curves,
}


def _find_run(run: str | Path | None) -> tuple[Path | None, Path | None]:
    """Work dir and checkpoint, each None if there is none. A run without a checkpoint may have a log.

    Raises:
        FileNotFoundError: ``run`` does not exist.
    """
    if run is None:
        return None, None
    run = Path(run)
    if run.is_file():
        return run.parent, run
    if not run.is_dir():
        raise FileNotFoundError(f'{run}: neither a checkpoint nor a work dir')
    try:
        return run, find_checkpoint(run)
    except FileNotFoundError:
        return run, None


def _save_figures(run: TrainedRun, names: Sequence[str], out: Path) -> Visualization:
    result = Visualization({}, {})
    for name in names:
        try:
            figure = FIGURES[name](run)
        except (ValueError, OSError, ImportError) as error:
            result.missing[name] = str(error)
            continue
        result.figures[name] = out / f'{name}.png'
        note = '' if name == 'curves' else run.conditions()  # curves depend neither on a checkpoint nor on a split
        save_and_log(figure, result.figures[name], run.runner.visualizer, note)
    return result
