"""Convert a checkpoint of EmoNeXt's authors, or ConvNeXt weights of another project, for the configs here.

    python tools/convert_checkpoint.py model.pt emonext.pth --source authors
    python tools/convert_checkpoint.py convnext_tiny_22k_224.pth backbone.pth --source facebook

From the authors' training checkpoint the average (EMA) is converted, as in their test, and the classes are reordered
from their alphabetical order to FER2013's. From the other sources the backbone is converted. Files are read
weights-only: no code in them is run.
"""
from __future__ import annotations

import argparse

import _preflight  # noqa: F401

from emonext_mm.apis.convert import ALL_SOURCES, convert
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='file or URL')
    parser.add_argument('dst', help='file to write, .pth')
    parser.add_argument('--source', choices=ALL_SOURCES, required=True, help='project that src comes from')
    args = parser.parse_args(argv)
    made = convert(args.src, args.dst, args.source)
    if made.source == 'authors':
        print(f'{made.path}: EmoNeXt-{made.arch}, {made.weights} weights. To test it:\n'
              f'  python tools/test.py configs/emonext_{made.arch}_fer2013_authors.py {made.path} --tta')
    else:
        print(f'{made.path}: the backbone of a ConvNeXt-{made.arch}. To start from it:\n'
              f'  --cfg-options model.backbone.init_cfg.checkpoint=mmpretrain://{made.path}')


if __name__ == '__main__':
    with one_line_errors():
        main()
