"""The text contains the figures, each in the row of its name."""
import pytest

from emonext_mm.evaluation.measurement import format_measurement
from tests.helpers.measurement import FIGURES


@pytest.fixture(scope='module')
def lines():
    return format_measurement(FIGURES).splitlines()


@pytest.mark.parametrize(('start', 'cells'), [
    ('single view', '61.23 59.50 to 63.00 60.34 58.25 to 62.75 57.11 56.22 4.57'),
    ('ten crops', '64.32 59.50 to 63.00 unknown 57.11 56.22 4.57'),
    ('sad', '50 44 71.11 62.22 66.33'),
    ('[b]', '40 46 0.00 0.00 0.00'),
    ('blur 1 px', '62.00 -0.77'),
    ('crop side 0.90 to 1.20', '+1.11 crop side 0.90'),
])
def test_rows(lines, start, cells):
    row, = (line for line in lines if line.startswith(start))
    assert row.removeprefix(start).split() == cells.split()


def test_facts(lines):
    text = '\n'.join(lines)
    facts = ('90 images', 'FER2013', 'PublicTest', 'epoch 3', 'EMA', '3,456,789', 'work/best.pth', '1.234', '7.89',
             '2.35')
    assert [fact for fact in facts if fact not in text] == []
