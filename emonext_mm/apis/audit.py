"""Audit a data set."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from emonext_mm import compat
from emonext_mm.audit.faces import read_faces
from emonext_mm.audit.figure import draw_audit
from emonext_mm.audit.findings import find_defects
from emonext_mm.audit.report import describe, format_report
from emonext_mm.utils.files import write_atomic
from emonext_mm.visualization.backends import save_figure


@dataclass(frozen=True)
class AuditResult:
    """The outcome of an audit."""

    report: dict  # see emonext_mm.audit.report.describe
    text: str
    files: tuple[Path, ...]  # audit.json and audit.png, if written


def audit(root: str | Path, out: str | Path | None = None) -> AuditResult:
    """Find duplicates, contradicting labels and other defects in FER2013, in any layout that ``FER2013`` reads.

    Args:
        root: a folder, or a csv file.
        out: folder of ``audit.json`` (all findings) and ``audit.png`` (the worst ones as images); None writes nothing.

    Raises:
        FileNotFoundError: there are no data.
        ValueError: a csv file has a wrong line, a folder an unknown class, or no image can be read at all.
        OSError: a file cannot be written.
    """
    compat.setup()
    faces = read_faces(root)
    found = find_defects(faces.images, faces.labels, faces.splits)
    report = describe(found, faces)
    files = ()
    if out is not None:
        files = (Path(out) / 'audit.json', Path(out) / 'audit.png')
        write_atomic(files[0], json.dumps(report, indent=1, allow_nan=False))
        save_figure(draw_audit(found, faces), files[1])
    return AuditResult(report, format_report(report), files)
