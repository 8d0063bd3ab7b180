"""Tables as plain text."""
from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.table import Table


def render(table: Table, width: int = 120) -> str:
    """Plain text of a table, at most ``width`` columns wide: no colour codes, no blanks at the end of a line.

    Text in brackets is not treated as markup, since the name of a class may contain brackets.
    """
    console = Console(file=StringIO(), width=width, color_system=None, legacy_windows=False, markup=False, emoji=False)
    console.print(table)
    return '\n'.join(line.rstrip() for line in console.file.getvalue().splitlines())
