"""Local learning of Georgescu et al. (2019): each face is classified by an SVM on its nearest training faces.

    python tools/local_svm.py --out local.json --bovw \\
        --model configs/peers/fervgg_48_fer2013.py work_dirs/fervgg_48_fer2013

The features are those before the last layer of any number of trained models, and visual words. The predictions are
written as by tools/test.py --out, so that tools/compare.py reads them.
"""
from __future__ import annotations

import argparse

import _preflight  # noqa: F401

from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True, help='.json or .csv file of the predictions')
    parser.add_argument('--model', nargs=2, action='append', default=[], metavar=('CONFIG', 'CHECKPOINT'),
                        help='a trained model; may be given several times')
    parser.add_argument('--bovw', action='store_true', help='add the bag of visual words')
    parser.add_argument('--data-root', default='data/fer2013', help='default: data/fer2013')
    parser.add_argument('--split', choices=('val', 'test'), default='test', help='default: test, which is PrivateTest')
    parser.add_argument('--neighbours', type=int, default=200, help='training faces of an SVM; default: 200')
    parser.add_argument('--C', type=float, default=100.0, help='of the SVM; default: 100')
    parser.add_argument('--words', type=int, nargs=3, default=(17_000, 14_000, 8_000), metavar='N',
                        help='words of the levels of 1, 4 and 16 cells; default: 17000 14000 8000')
    parser.add_argument('--faces', type=int, help='take this many random faces of each split, for a trial')
    parser.add_argument('--seed', type=int, default=0, help='of the words and the random faces; default: 0')
    args = parser.parse_args(argv)
    from emonext_mm.apis.local_learning import learn_locally  # after --help: it needs scikit-learn
    found = learn_locally(args.out, args.model, args.bovw, data_root=args.data_root, split=args.split,
                          neighbours=args.neighbours, C=args.C, words=args.words, faces=args.faces, seed=args.seed)
    print(f'{found.accuracy:.2f} % of {found.samples} faces, {found.columns} columns; predictions in {args.out}')


if __name__ == '__main__':
    with one_line_errors():
        main()
