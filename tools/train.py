"""Train a model: MMPretrain's tools/train.py, with its options, on today's stack.

    python tools/train.py configs/emonext_atto_synthetic.py
"""
from __future__ import annotations

import _preflight  # noqa: F401
from mmengine.dist import is_main_process

from emonext_mm.apis.train import train
from emonext_mm.utils.command_line import parse_host_args
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    options = parse_host_args('train', argv)
    result = train(**options)
    if is_main_process():
        print(f'\nTrained. Test with:\n  python tools/test.py {options["config"]} {result.work_dir}')


if __name__ == '__main__':
    with one_line_errors():
        main()
