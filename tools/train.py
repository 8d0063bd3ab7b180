"""Train a model: MMPretrain's tools/train.py, with its options, on today's stack.

    python tools/train.py configs/emonext_atto_synthetic.py
"""
import _preflight  # noqa: F401
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from emonext_mm.compat.config import prepare_train
from emonext_mm.evaluation.protocol import check_protocol
from emonext_mm.utils.command_line import host_tool
from emonext_mm.utils.errors import one_line_errors


def main() -> None:
    tool = host_tool('train')
    args = tool.parse_args()
    cfg = prepare_train(tool.merge_args(Config.fromfile(args.config), args))
    check_protocol(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    if is_main_process():
        print(f'\nTrained. To test it:\n  python tools/test.py {args.config} {cfg.work_dir}')


if __name__ == '__main__':
    with one_line_errors():
        main()
