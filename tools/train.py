"""Train a model: MMPretrain's tools/train.py, with its options, on today's stack.

    python tools/train.py configs/emonext_atto_synthetic.py
"""
from __future__ import annotations

import shlex
import sys

import _preflight  # noqa: F401
from mmengine.dist import is_main_process

from emonext_mm.apis.train import train
from emonext_mm.compat.process import end_process_group
from emonext_mm.utils.command_line import parse_host_args
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.interrupt import Interrupted
from emonext_mm.utils.options import format_options


def main(argv: list[str] | None = None) -> None:
    status = run(sys.argv[1:] if argv is None else argv)
    end_process_group()
    if status:
        sys.exit(status)


def run(arguments: list[str]) -> int:
    """Train, and say how to go on; return the status for the shell."""
    options = parse_host_args('train', arguments)
    try:
        result = train(**options)
    except Interrupted as stop:
        if is_main_process():
            print(describe(stop, arguments, options), file=sys.stderr)
        return stop.status
    if is_main_process():
        changes = format_options(options['cfg_options'])  # the model may not be that of the config without them
        command = ['python', 'tools/test.py', options['config'], str(result.work_dir)]
        print(f'\nTrained. Test with:\n  {shlex.join([*command, *(["--cfg-options", *changes] if changes else [])])}')
    return 0


def describe(stop: Interrupted, arguments: list[str], options: dict) -> str:
    """Say what is saved, and how to go on."""
    if not stop.checkpoint:
        return f'interrupted by {stop}; nothing of this moment is saved'
    resume = [] if options['resume'] == 'auto' else ['--resume']
    command = f'python tools/train.py {shlex.join([*map(str, arguments), *resume])}'
    if options['launcher'] != 'none':  # another script has started this one
        command = 'the same command and --resume'
    return f'interrupted by {stop}; saved is {stop.checkpoint}; go on with: {command}'


if __name__ == '__main__':
    with one_line_errors():
        main()
