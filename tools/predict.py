"""Emotions of the faces in pictures and videos, with a model of your own: `emonext predict` in PyTorch.

    python tools/predict.py configs/emonext_mini_fer2013_48.py work_dirs/emonext_mini_fer2013_48 party.jpg

The work dir of a training stands for its best checkpoint. All other options are those of `emonext predict`.
"""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import _preflight  # noqa: F401
import torch

from emonext.command.main import add_predict_options, run_safely
from emonext.command.predict import run
from emonext_mm.apis.predict import TorchClassifier
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config', type=Path, help='config file')
    parser.add_argument('checkpoint', type=Path, help='checkpoint, or work dir of a training')
    add_predict_options(parser)
    args = parser.parse_args(argv)
    if args.threads:
        torch.set_num_threads(args.threads)
    args.model = TorchClassifier(args.config, args.checkpoint)
    status = run_safely(run, args)
    if status:
        sys.exit(status)


if __name__ == '__main__':
    with one_line_errors():
        main()
