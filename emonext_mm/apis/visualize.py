"""All pictures of a run by name: of its config, its log and its checkpoint, as far as they are there."""
from __future__ import annotations

from functools import cached_property
from pathlib import Path

import torch
from matplotlib.figure import Figure
from mmengine.dataset import BaseDataset
from mmengine.model import BaseTTAModel
from mmengine.runner import Runner
from mmpretrain.evaluation import ConfusionMatrix
from mmpretrain.models import ImageClassifier

from emonext_mm.evaluation.conditions import ConditionsHook, conditions_line
from emonext_mm.utils.training_log import read_log
from emonext_mm.visualization.cam import draw_cam
from emonext_mm.visualization.confusion import draw_confusion_matrix
from emonext_mm.visualization.curves import draw_curves
from emonext_mm.visualization.faces import has_stn
from emonext_mm.visualization.mistakes import draw_mistakes
from emonext_mm.visualization.scores import GatherScores
from emonext_mm.visualization.stn import draw_stn


class Run:
    """What there is to draw: the config and, as far as they are given, the checkpoint and the log of a training run.

    Args:
        runner: built from a config that is prepared to train and to test (``emonext_mm.host``), without metrics. Its
            checkpoint, ``load_from``, is loaded at once.
        log_dir: the work dir of the training run, if there is one.
    """

    def __init__(self, runner: Runner, log_dir: Path | None) -> None:
        self.runner = runner
        self.log_dir = log_dir
        self._conditions = ConditionsHook()
        runner.register_hook(self._conditions)
        if runner._load_from is not None:
            runner.call_hook('before_run')
            runner.load_or_resume()

    @property
    def dataset(self) -> BaseDataset:
        return self.runner.test_dataloader.dataset

    @property
    def model(self) -> ImageClassifier:
        """The model with the checkpoint's weights.

        Raises:
            ValueError: there is no checkpoint.
        """
        self._need_checkpoint()
        model = self.runner.model
        return model.module if isinstance(model, BaseTTAModel) else model

    @cached_property
    def tested(self) -> GatherScores:
        """What the model says of every image of the test split; this tests it.

        Raises:
            ValueError: there is no checkpoint, or the split has no labels.
        """
        self._need_checkpoint()
        scores = GatherScores()
        self.runner.test_evaluator.metrics = [scores]
        self.runner.test()
        return scores

    def note(self, name: str) -> str:
        """Under which conditions a picture is made."""
        conditions = self._conditions.describe(self.runner, {})
        if name == 'curves':  # has nothing to do with the checkpoint
            return conditions['config']
        return f'{conditions_line(conditions)}; {conditions["dataset"]["type"]}, {conditions["split"]}'

    def _need_checkpoint(self) -> None:
        if self.runner._load_from is None:
            raise ValueError(f'no checkpoint {f"in {self.log_dir}" if self.log_dir else "was given"}')


def _draw_confusion(run: Run) -> Figure:
    predicted, labels = torch.from_numpy(run.tested.scores.argmax(1)), torch.from_numpy(run.tested.labels)
    classes = run.dataset.metainfo['classes']
    return draw_confusion_matrix(ConfusionMatrix.calculate(predicted, labels, num_classes=len(classes)), classes)


def _draw_mistakes(run: Run) -> Figure:
    return draw_mistakes(run.dataset, run.tested.labels, run.tested.scores)


def _draw_stn(run: Run) -> Figure:
    if not has_stn(run.model.data_preprocessor):
        raise ValueError('the model has no STN')
    return draw_stn(run.model.data_preprocessor, run.dataset)


def _draw_cam(run: Run) -> Figure:
    return draw_cam(run.model, run.dataset)


def _draw_curves(run: Run) -> Figure:
    if run.log_dir is None:
        raise ValueError('no work dir was given, and so no log')
    return draw_curves(read_log(run.log_dir), run.log_dir.name)


# Each raises ValueError, OSError or ImportError where the picture cannot be drawn, and says why.
PICTURES = {
    'confusion': _draw_confusion,
    'mistakes': _draw_mistakes,
    'stn': _draw_stn,
    'cam': _draw_cam,
    'curves': _draw_curves,
}
