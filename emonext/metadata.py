"""What an exported model says of itself: a JSON text in the metadata of its file."""
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from emonext.errors import EmonextError

KEY = 'emonext'
FORMAT = 1

# Entries that a prediction needs, and their valid values.
NEEDED: dict[str, Callable[[Any], bool]] = {
    'format': lambda value: type(value) is int and value == FORMAT,
    'classes': lambda value: (isinstance(value, list) and 0 < len(set(map(str, value))) == len(value)
                              and all(isinstance(name, str) and name.isprintable() for name in value)),
    'size': lambda value: type(value) is int and value > 0,
    'channels': lambda value: type(value) is int and value in (1, 3),
    'crop': lambda value: type(value) in (int, float) and 0 < value <= 1,
}


def parse_meta(text: str, name: str) -> dict[str, Any]:
    """Read metadata.

    Args:
        name: of the file, for messages.

    Raises:
        EmonextError: no JSON object, or an entry that is missing or not valid.
    """
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError):
        meta = None
    if not isinstance(meta, dict):
        raise EmonextError(f'{name}: the entry {KEY!r} of its metadata is no JSON object')
    for key, is_valid in NEEDED.items():
        if key not in meta:
            raise EmonextError(f'{name}: its metadata has no entry {key!r}')
        if not is_valid(meta[key]):
            raise EmonextError(f'{name}: {key} {str(meta[key])[:80]} in its metadata is not valid in this version')
    return meta
