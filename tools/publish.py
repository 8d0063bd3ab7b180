"""Publish a trained model: float16 weights, temperature, provenance and measured figures in one safetensors file.

    python tools/publish.py configs/emonext_mini_fer2013_48.py work_dirs/emonext_mini_fer2013_48 \\
        emonext_mm/pretrained/emonext_mini_fer2013_48.safetensors --data "FER2013, Training" \\
        --command "python tools/train.py configs/emonext_mini_fer2013_48.py"

The temperature is fitted, and all figures are measured, on PublicTest, see tools/measure.py. The figures are those of
the written file. A model whose accuracy in float16 differs by more than 0.1 points is an error.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis.publish import publish
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config', type=Path, help='config file')
    parser.add_argument('checkpoint', type=Path, help='checkpoint, or work dir of a training')
    parser.add_argument('out', type=Path, help='file to write, .safetensors')
    parser.add_argument('--command', required=True, help='command that trained the model')
    parser.add_argument('--commit', help='commit of the training; default: that in the checkpoint')
    parser.add_argument('--data', required=True, help='name of the training data')
    args = parser.parse_args(argv)
    published = publish(**vars(args))
    print(f'{published.text}\n\n{published.path}, {published.path.stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    with one_line_errors():
        main()
