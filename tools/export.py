"""Export a whole model, Spatial Transformer included, as one file that runs without MMPretrain.

    python tools/export.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic drawn.onnx

FILE.onnx takes bytes of faces and gives calibrated probabilities and the warped faces; `emonext predict --model` reads
it. FILE.pt2 is the same as a program of torch.export. Class names, crop rule and figures are in the metadata. The file
is compared with PyTorch before it is written.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import _preflight  # noqa: F401

from emonext_mm.apis.export import export
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.options import OptionAction


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('config', type=Path, help='config file')
    parser.add_argument('checkpoint', type=Path, help='checkpoint, or work dir of a training')
    parser.add_argument('out', type=Path, help='file to write, .onnx or .pt2')
    parser.add_argument('--half', action='store_true', help='round the weights to float16, which halves the file')
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction, metavar='KEY=VALUE', help='as in test.py')
    exported = export(**vars(parser.parse_args(argv)))
    print(f'{exported.path}, {exported.path.stat().st_size / 1e6:.2f} MB; probabilities differ from PyTorch by at most '
          f'{exported.difference:.1e}')
    if exported.rounding is not None:
        print(exported.rounding)


if __name__ == '__main__':
    with one_line_errors():
        main()
