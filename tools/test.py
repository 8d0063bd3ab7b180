"""Test a model: MMPretrain's tools/test.py, with its options, on today's stack; ends with a summary.

    python tools/test.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic

The work dir of a training stands for its best checkpoint. --tta tests on ten crops of each image. --out FILE.json (or
.csv) writes the prediction for each image by class name; with --out-item metrics it writes the metrics. Both carry the
conditions of the test. --pretrained in place of the work dir tests the trained model that comes with this package.
"""
from __future__ import annotations

import sys

import _preflight  # noqa: F401

from emonext_mm.apis.hub import find_weights
from emonext_mm.apis.test import test
from emonext_mm.compat.process import end_process_group
from emonext_mm.utils.command_line import parse_host_args
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else list(argv)
    if {'-h', '--help'} & set(argv):
        print(__doc__)  # MMPretrain's parser, which prints the options, does not know --pretrained
    if '--pretrained' in argv:
        argv.remove('--pretrained')
        options = parse_host_args('test', [*argv, '--', 'pretrained'])  # MMPretrain's parser requires a checkpoint
        options['checkpoint'] = find_weights(options['config'])
    else:
        options = parse_host_args('test', argv)
    result = test(**options)
    if result.text:
        print(f'\n{result.text}')
    end_process_group()


if __name__ == '__main__':
    with one_line_errors():
        main()
