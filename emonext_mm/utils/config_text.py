"""The text of a config, as ``Config.pretty_text`` writes it: its values, without running it, and their differences."""
from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

from emonext_mm.utils.strangers import shorten, show_name

SHOWN = 10  # differences in a line


class _Missing:
    def __repr__(self) -> str:
        return 'not set'


MISSING = _Missing()  # the value of a key that only the other config has


def read_config_text(text: Any) -> dict[str, Any]:
    """Read the assignments of a config: literals, ``dict(...)``, lists and tuples. Nothing is run.

    Any other expression becomes its source, as text.

    Raises:
        ValueError: it is no text, not Python, or nested too deeply.
    """
    try:
        return {node.targets[0].id: _read(node.value) for node in ast.parse(text).body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f'not the text of a config: {" ".join(str(error).split())[:150]}') from None


def differences(one: Any, other: Any, ignored: Collection[str] = (), key: str = '') -> list[tuple[str, Any, Any]]:
    """Dotted key, value in ``one`` and value in ``other`` of each difference of two configs.

    A list and a tuple of the same items are equal. Lists of different lengths are one difference.

    Args:
        ignored: keys that are left out with all that is below them: dotted ones, or their last parts.
        key: of both values, where they are parts of a config.
    """
    if key in ignored or key.rpartition('.')[2] in ignored:
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        names = list(dict.fromkeys([*one, *other]))
        pairs = [(name, one.get(name, MISSING), other.get(name, MISSING)) for name in names]
    elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        pairs = list(zip(range(len(one)), one, other))
    else:
        return [] if one == other else [(key, one, other)]
    return [found for name, a, b in pairs
            for found in differences(a, b, ignored, f'{key}.{name}' if key else str(name))]


def format_differences(found: list[tuple[str, Any, Any]]) -> str:
    """Format as ``train_cfg.max_epochs was 3, is 5; and 2 more``."""
    shown = '; '.join(f'{show_name(key)} was {shorten(old)}, is {shorten(new)}' for key, old, new in found[:SHOWN])
    return shown + (f'; and {len(found) - SHOWN} more' if len(found) > SHOWN else '')


def _read(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return (list if isinstance(node, ast.List) else tuple)(map(_read, node.elts))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        if [type(each) for each in node.args] == [ast.Dict] and not node.keywords:  # dict({'a.b': 1})
            return _read(node.args[0])
        if not node.args and all(each.arg for each in node.keywords):
            return {each.arg: _read(each.value) for each in node.keywords}
    if isinstance(node, ast.Dict) and all(isinstance(each, ast.Constant) for each in node.keys):
        return {name.value: _read(value) for name, value in zip(node.keys, node.values)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if isinstance(node.operand.value, (int, float)) else ast.unparse(node)
    return ast.unparse(node)
