"""Look at the images of a config: MMPretrain's browse_dataset.py, with its options, also for grey faces.

    python tools/browse_dataset.py configs/emonext_tiny_fer2013.py --mode pipeline --output-dir browsed --not-show -n 20
"""
from __future__ import annotations

import _preflight  # noqa: F401

from emonext_mm.apis.browse import browse
from emonext_mm.utils.errors import one_line_errors


def main(argv: list[str] | None = None) -> None:
    browse(argv)


if __name__ == '__main__':
    with one_line_errors():
        main()
