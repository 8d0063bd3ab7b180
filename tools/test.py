"""Test a model: MMPretrain's tools/test.py, with its options, on today's stack; ends with a summary.

    python tools/test.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic

In place of a checkpoint, the folder of a training run stands for its best one. --tta tests on ten crops of each
image. --out FILE.json (or .csv) writes what was predicted for each image, by name; with --out-item metrics it is
the metrics. Both carry the conditions they were measured under.
"""
from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import _preflight  # noqa: F401
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric, DumpResults
from mmengine.runner import Runner

from emonext_mm.apis.summary import METRICS_SUFFIXES, summarize_test, write_metrics
from emonext_mm.compat.config import prepare_test
from emonext_mm.evaluation import PredictionFile, measure_clean
from emonext_mm.evaluation.conditions import ConditionsHook
from emonext_mm.utils.command_line import find_checkpoint, host_tool, read_test_config
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.visualization.backends import kept_open


def prediction_files(args: Namespace) -> list[BaseMetric]:
    """What gathers the predictions, if they are asked for; a bad --out is found before anything runs."""
    if args.out is None and args.out_item is not None:
        raise ValueError('--out-item needs --out FILE')
    if args.out is None:
        return []
    suffix = Path(args.out).suffix
    if args.out_item != 'metrics':
        return [(DumpResults if suffix in ('.pkl', '.pickle') else PredictionFile)(args.out)]
    if suffix not in METRICS_SUFFIXES:
        raise ValueError(f'{args.out}: metrics are written to {", ".join(METRICS_SUFFIXES)}')
    return []


def main() -> None:
    args = host_tool('test').parse_args()
    files = prediction_files(args)
    args.checkpoint = str(find_checkpoint(args.checkpoint))
    runner = Runner.from_cfg(prepare_test(read_test_config(args)))
    hook = ConditionsHook(args.cfg_options)
    runner.register_hook(hook)
    measure_clean(runner.test_evaluator, runner.test_dataloader.dataset)
    runner.test_evaluator.metrics.extend(files)
    with kept_open(runner.visualizer):
        metrics = runner.test()
        if is_main_process():
            conditions = hook.describe(runner, metrics)
            for file in files:
                if isinstance(file, PredictionFile):  # DumpResults has written its own
                    file.write(runner.test_dataloader.dataset, conditions)
            if args.out_item == 'metrics':
                write_metrics(args.out, metrics, conditions)
            print(summarize_test(runner, metrics, conditions))


if __name__ == '__main__':
    with one_line_errors():
        main()
