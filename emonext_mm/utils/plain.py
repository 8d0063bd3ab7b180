"""Plain data for JSON."""
from __future__ import annotations

from typing import Any


def to_plain(value: Any) -> Any:
    """Convert tensors, arrays and NumPy scalars to numbers and lists, at any depth of lists and dicts.

    ``mmengine.dump`` cannot write tensors to JSON, and the confusion matrix is one.
    """
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value.tolist() if hasattr(value, 'tolist') else value
