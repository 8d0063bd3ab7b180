"""Test a model."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmengine
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric, DumpResults
from mmengine.runner import Runner

from emonext_mm import compat
from emonext_mm.compat.config import prepare_test
from emonext_mm.engine.hooks import ClassOrderHook, FiniteHook, TrainedOptionsHook
from emonext_mm.engine.start import check_test
from emonext_mm.evaluation import LeakFreeHook, PredictionFile
from emonext_mm.evaluation.conditions import ConditionsHook, conditions_line
from emonext_mm.evaluation.summary import format_summary
from emonext_mm.utils.command_line import merge_test_options
from emonext_mm.utils.files import check_writable, write_atomic
from emonext_mm.utils.models import unwrap
from emonext_mm.utils.options import explain_unknown_keys
from emonext_mm.utils.plain import to_plain
from emonext_mm.utils.work_dir import find_checkpoint
from emonext_mm.visualization.backends import kept_open, save_and_log
from emonext_mm.visualization.confusion import draw_confusion_matrix
from emonext_mm.visualization.faces import has_stn
from emonext_mm.visualization.stn import draw_stn

METRICS_SUFFIXES = ('.json', '.yaml', '.yml', '.pkl', '.pickle')


@dataclass(frozen=True)
class TestResult:
    """The outcome of a test. In a distributed test the first process has all fields, the others only the metrics."""

    __test__ = False  # no test case of pytest

    metrics: dict
    conditions: dict
    figures: dict[str, Path]  # 'confusion matrix' and 'STN, in and out', where they apply
    text: str  # the summary


def test(
    config: str | Path | Config,
    checkpoint: str | Path,
    work_dir: str | Path | None = None,
    *,
    cfg_options: dict[str, Any] | None = None,
    tta: bool = False,
    out: str | Path | None = None,
    out_item: str | None = None,
    amp: bool = False,
    show: bool = False,
    show_dir: str | Path | None = None,
    interval: int = 1,
    wait_time: float = 2,
    no_pin_memory: bool = False,
    launcher: str = 'none',
    draw: bool = True,
) -> TestResult:
    """Test a checkpoint, as ``tools/test.py`` does, and draw the confusion matrix and the STN's output.

    Args:
        config: file, or config.
        checkpoint: file, or the work dir of a training: its best checkpoint or, without one, its last.
        work_dir: folder of the log and the figures; ``work_dirs/<name of the config>`` when None.
        cfg_options: changes to the config by dotted key, such as ``{'test_dataloader.dataset.split': 'val'}``.
        tta: test on several views of each image, by ``tta_pipeline`` and ``tta_model`` of the config.
        out: file of the predictions (.json, .csv, .pkl) or, with ``out_item='metrics'``, of the metrics; both carry
            the conditions of the test.
        out_item: 'pred' (also None) or 'metrics'.
        amp, show, show_dir, interval, wait_time, no_pin_memory, launcher: options of MMPretrain's ``tools/test.py``.
        draw: False leaves out the figures, which take as long as the test of some hundred small faces.

    Raises:
        ValueError: ``out`` has an unknown suffix or cannot tell the images apart, the config has an unknown key, its
            test may leave out or repeat images, its views are maps that the data preprocessor does not apply, or the
            data and the model do not fit each other: the classes of the data are not those of the checkpoint. Another
            order of the same classes is no error: predictions are assigned by name.
        OSError: a file cannot be read or written.
        CheckpointError: the checkpoint was refused.
        FloatingPointError: a score is not finite; the message names the first sample.
    """
    compat.setup()
    files = _prediction_files(out, out_item)
    cfg = merge_test_options(config, dict(
        checkpoint=str(find_checkpoint(checkpoint)), work_dir=None if work_dir is None else str(work_dir),
        cfg_options=cfg_options, tta=tta, amp=amp, show=show, show_dir=None if show_dir is None else str(show_dir),
        interval=interval, wait_time=wait_time, no_pin_memory=no_pin_memory, launcher=launcher))
    with explain_unknown_keys(cfg):
        runner = Runner.from_cfg(prepare_test(cfg))
        dataset = runner.test_dataloader.dataset
    check_test(runner)
    hook = ConditionsHook(cfg_options)
    for each in (hook, ClassOrderHook(), FiniteHook(), LeakFreeHook(), TrainedOptionsHook()):
        runner.register_hook(each)
    for file in files:
        if isinstance(file, PredictionFile):  # DumpResults needs no index
            file.check(runner.test_dataloader)
    runner.test_evaluator.metrics.extend(files)
    with kept_open(runner.visualizer):
        metrics = runner.test()
        if not is_main_process():
            return TestResult(metrics, {}, {}, '')
        conditions = hook.describe(runner, metrics)
        for file in files:
            if isinstance(file, PredictionFile):  # DumpResults has written its own
                file.write(dataset, conditions)
        if out_item == 'metrics':
            _write_metrics(out, metrics, conditions)
        figures = _save_figures(runner, metrics, conditions) if draw else {}
    text = format_summary(metrics, conditions, {'checkpoint': cfg.load_from, **figures})
    return TestResult(metrics, conditions, figures, text)


def _prediction_files(out: str | Path | None, out_item: str | None) -> list[BaseMetric]:
    """Metrics that gather the predictions for ``out``. A bad ``out`` is an error before anything runs."""
    if out is None and out_item is not None:
        raise ValueError('--out-item needs --out FILE')
    if out is None:
        return []
    check_writable(out)
    suffix = Path(out).suffix
    if out_item != 'metrics':
        return [(DumpResults if suffix in ('.pkl', '.pickle') else PredictionFile)(str(out))]
    if suffix not in METRICS_SUFFIXES:
        raise ValueError(f'{out}: metrics are written to {", ".join(METRICS_SUFFIXES)}')
    return []


def _write_metrics(path: str | Path, metrics: dict, conditions: dict) -> None:
    content = to_plain({**metrics, 'conditions': conditions})
    options = dict(allow_nan=False) if Path(path).suffix == '.json' else {}
    write_atomic(path, mmengine.dump(content, file_format=Path(path).suffix.lstrip('.'), **options))


def _save_figures(runner: Runner, metrics: dict, conditions: dict) -> dict[str, Path]:
    """Write ``confusion_matrix.png`` and, for a model with an STN, ``stn_faces.png`` to the work dir."""
    paths = {}
    for label, (name, figure) in _draw_figures(runner, metrics, conditions).items():
        paths[label] = Path(runner.work_dir) / f'{name}.png'
        save_and_log(figure, paths[label], runner.visualizer, conditions_line(conditions))
    return paths


def _draw_figures(runner: Runner, metrics: dict, conditions: dict) -> dict[str, tuple[str, Figure]]:
    dataset = runner.test_dataloader.dataset
    preprocessor = unwrap(runner.model).data_preprocessor
    figures = {}
    if 'confusion_matrix/result' in metrics:
        figure = draw_confusion_matrix(metrics['confusion_matrix/result'], dataset.metainfo['classes'])
        figures['confusion matrix'] = ('confusion_matrix', figure)
    if has_stn(preprocessor) and conditions['views'] == 1:
        figures['STN, in and out'] = ('stn_faces', draw_stn(preprocessor, dataset))
    return figures
