import pytest
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from emonext_mm.utils.tables import format_rows, render


def table(*cells):
    made = Table('name', 'accuracy in %', box=SIMPLE)
    for cell in cells:
        made.add_row(cell, Text('72.5', 'bold red'))
    return made


def test_a_line_for_each_row():
    lines = render(table('tiny', 'a longer name')).splitlines()
    rows = [line.split() for line in lines if '72.5' in line]
    assert rows == [['tiny', '72.5'], ['a', 'longer', 'name', '72.5']]
    assert len({line.index('72.5') for line in lines if '72.5' in line}) == 1


def test_plain_text(monkeypatch):
    """No colours even where the environment asks for them, and nothing that an editor would strip."""
    monkeypatch.setenv('FORCE_COLOR', '1')
    text = render(table('tiny'))
    assert '\x1b' not in text
    assert all(line == line.rstrip() for line in text.split('\n'))


def test_brackets_and_colons_stay():
    assert all(name in render(table(name)) for name in ('[b]', '[bold]sad[/bold]', ':smile:'))


@pytest.mark.parametrize('width', [40, 200])
def test_width(width):
    longest = max(map(len, render(table('word ' * 20), width).splitlines()))
    assert longest <= width
    assert (longest > 100) == (width == 200)


def test_rows():
    """Names on the left, numbers on the right, no lines."""
    lines = format_rows(['in %', 'accuracy'], [['tiny', '7.25'], ['a longer name', '72.50']]).splitlines()
    assert [line.split() for line in lines] == [
        ['in', '%', 'accuracy'], ['tiny', '7.25'], ['a', 'longer', 'name', '72.50']]
    assert len({len(line) for line in lines}) == 1
    assert all(not line.startswith(' ') for line in lines)
