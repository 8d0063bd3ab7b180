"""Find duplicates, contradicting labels and other defects in FER2013, in any layout that the data set reads.

    python tools/audit_dataset.py data/fer2013 --out work_dirs/audit

Prints a report; --out adds audit.json (all findings) and audit.png (the worst ones as images).
"""
from __future__ import annotations

import argparse

import _preflight  # noqa: F401

from emonext_mm.apis.audit import audit
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('root', help='a folder or a csv file, as FER2013 takes it')
    parser.add_argument('--out', help='folder for audit.json and audit.png')
    args = parser.parse_args(argv)
    result = audit(args.root, args.out)
    print(result.text)
    if result.files:
        print('\n' + ', '.join(map(str, result.files)))


if __name__ == '__main__':
    with one_line_errors():
        main()
