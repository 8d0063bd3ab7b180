"""Tables as plain text."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def format_rows(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table without lines as plain text; the first column is aligned on the left, the others on the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for position, header in enumerate(headers):
        table.add_column(header, justify='right' if position else 'left', no_wrap=position > 0, overflow='fold')
    for row in rows:
        table.add_row(*row)
    return render(table)
