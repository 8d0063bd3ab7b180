"""Convert a checkpoint of EmoNeXt's authors, or ConvNeXt weights from elsewhere, for the configs here.

    python tools/convert_checkpoint.py model.pt emonext.pth --source released
    python tools/convert_checkpoint.py convnext_tiny_22k_224.pth backbone.pth --source facebook

Of a training file of the authors' the average is taken, as in their test, and the classes are brought from their
alphabetical order to FER2013's. Of the other sources the backbone is taken. Nothing in a file is run.
"""
from __future__ import annotations

import argparse

import _preflight  # noqa: F401

from emonext_mm.apis.convert import ALL_SOURCES, convert_file
from emonext_mm.utils.errors import one_line_errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('src', help='file, or URL')
    parser.add_argument('dst', help='what is written, .pth')
    parser.add_argument('--source', choices=ALL_SOURCES, required=True, help='whose keys src has')
    args = parser.parse_args()
    meta = convert_file(args.src, args.dst, args.source)
    if args.source == 'released':
        print(f'{args.dst}: EmoNeXt-{meta["arch"]}, {meta["weights"]} weights. To test it:\n'
              f'  python tools/test.py configs/emonext_{meta["arch"]}_fer2013_released.py {args.dst} --tta')
    else:
        print(f'{args.dst}: the backbone of a ConvNeXt-{meta["arch"]}. To start from it:\n'
              f'  --cfg-options model.backbone.init_cfg.checkpoint=mmpretrain://{args.dst}')


if __name__ == '__main__':
    with one_line_errors():
        main()
