"""Read generated files of all kinds; print a line for each kind and a summary.

    python -m tests.strangers                   # 1,050 cases, about five minutes on one core
    python -m tests.strangers --cases 1000 --seed 1 --only csv yaml

The exit status is 1 if a case is neither read nor refused in one line, hangs, takes too much memory, or writes.
"""
from __future__ import annotations

import argparse
import sys

from emonext_mm import compat
from tests.strangers.campaign import explore, total
from tests.strangers.kinds import KINDS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cases', type=int, default=150, help='of each kind; default: 150')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--only', nargs='+', choices=KINDS, default=list(KINDS), metavar='KIND')
    args = parser.parse_args()
    compat.setup()
    summaries = []
    for name in args.only:
        summaries.append(explore(KINDS[name], args.cases, args.seed))
        print(f'{name:<12} {summaries[-1]}', *summaries[-1].faults, sep='\n  ', flush=True)
    print(f'{"all":<12} {total(summaries)}')
    sys.exit(any(summary.faults for summary in summaries))


if __name__ == '__main__':
    main()
