"""Look for copies, contradicting labels and other defects in FER2013, in any layout that the data set reads.

    python tools/audit_dataset.py data/fer2013 --out work_dirs/audit

The report goes to the screen; --out adds audit.json (all of it) and audit.png (the worst, as pictures).
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path

import _preflight  # noqa: F401
import cv2

from emonext_mm.audit.faces import read_faces
from emonext_mm.audit.figure import draw_sheet
from emonext_mm.audit.findings import audit
from emonext_mm.audit.report import to_plain, to_text
from emonext_mm.utils.errors import one_line_errors
from emonext_mm.utils.files import write_atomic


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('root', help='a folder or a csv file, as FER2013 takes it')
    parser.add_argument('--out', type=Path, help='folder for audit.json and audit.png')
    args = parser.parse_args(argv)
    faces = read_faces(args.root)
    found = audit(faces.images, faces.labels, faces.splits)
    plain = to_plain(found, faces)
    print(to_text(plain))
    if args.out:
        write_atomic(args.out / 'audit.json', json.dumps(plain, indent=1))
        write_atomic(args.out / 'audit.png', cv2.imencode('.png', draw_sheet(found, faces))[1].tobytes())
        print(f'\n{args.out / "audit.json"}, {args.out / "audit.png"}')


if __name__ == '__main__':
    with one_line_errors():
        main()
