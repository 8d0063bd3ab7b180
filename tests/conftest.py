"""Importing the package registers its parts, whichever test comes first."""
import sys
from pathlib import Path

import emonext_mm  # noqa: F401

sys.path.insert(0, str(Path(__file__).parent))
