"""Train with faults; print a line for each and a summary.

    python -m tests.faults                   # about 120 cases, twelve minutes on two cores; as root, for the full disk
    python -m tests.faults --kills 20 --seed 1 --only kill stop

The exit status is 1 if a training is not, after its fault, the same to the last bit as one without faults.
"""
from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from emonext_mm import compat
from tests.faults.campaign import Campaign, cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=60, help='instants at which a training is killed; default: 60')
    parser.add_argument('--seed', type=int, default=0, help='of the random times')
    parser.add_argument('--only', nargs='+', default=[''], metavar='WORD', help='cases whose names begin with a word')
    args = parser.parse_args()
    compat.setup()
    done = wrong = 0
    folder = Path(tempfile.mkdtemp())  # a TemporaryDirectory would be removed at the exit of each fork
    try:
        campaign = Campaign(folder)
        for name, carry_out in cases(campaign, random.Random(args.seed), args.kills):
            if name.startswith(tuple(args.only)):
                found = carry_out()
                print(f'{"FAULT" if found else "ok":<6} {name}', *found, sep='\n       ', flush=True)
                done, wrong = done + 1, wrong + bool(found)
    finally:
        shutil.rmtree(folder)
    print(f'{done} cases, {wrong} wrong; a training has {len(campaign.names)} instants')
    sys.exit(bool(wrong))


if __name__ == '__main__':
    main()
