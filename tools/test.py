"""Test a model: MMPretrain's tools/test.py, with its options, on today's stack; ends with a summary.

    python tools/test.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic

In place of a checkpoint, the folder of a training run stands for its best one.
"""
import _preflight  # noqa: F401
import mmengine
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.evaluator import DumpResults
from mmengine.runner import Runner

from emonext_mm import host
from emonext_mm.apis.command_line import find_checkpoint, host_tool, one_line_errors
from emonext_mm.apis.summary import summarize_test


def main() -> None:
    tool = host_tool('test')
    args = tool.parse_args()
    args.checkpoint = str(find_checkpoint(args.checkpoint))
    if args.out is None and args.out_item is not None:
        raise ValueError('--out-item needs --out FILE')
    cfg = host.prepare_test(tool.merge_args(Config.fromfile(args.config), args))
    runner = Runner.from_cfg(cfg)
    if args.out and args.out_item != 'metrics':
        runner.test_evaluator.metrics.append(DumpResults(out_file_path=args.out))
    metrics = runner.test()
    if is_main_process():
        if args.out and args.out_item == 'metrics':
            mmengine.dump(host.to_plain(metrics), args.out)
        print(summarize_test(runner, metrics))


if __name__ == '__main__':
    with one_line_errors():
        main()
