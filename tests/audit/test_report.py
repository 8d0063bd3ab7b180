"""Data and text of a report, from findings that are written down by hand."""
import json

import numpy as np
import pytest

from emonext_mm.audit.faces import Faces
from emonext_mm.audit.findings import Findings, Group, Leak
from emonext_mm.audit.report import describe, format_report
from emonext_mm.datasets.splits import OFFICIAL_COUNTS, SPLITS

ANGRY, HAPPY, SAD = 0, 3, 4


@pytest.fixture
def faces():
    names = [*(f'face_{i}' for i in range(7)), 'face (2).png']
    return Faces(np.zeros((8, 48, 48), np.uint8), np.zeros(8, int), np.zeros(8, int), names, ['folder'],
                 ['bad.png: not an image'])


@pytest.fixture
def found():
    """FER2013's counts, but 12 more angry faces for training and no test split."""
    counts = np.array([OFFICIAL_COUNTS[split] for split in SPLITS])
    counts[0, ANGRY] += 12
    counts[2] = 0
    exact = Group(np.array([0, 2]), True, (0,), (HAPPY,))
    near = Group(np.array([1, 3, 4]), False, (0, 1), (HAPPY, SAD))
    return Findings(counts, np.array([0, 0, 0]), [exact], [exact, near], [Leak(1, 0, 2, 3)],
                    np.arange(7), np.array([[5, 6]]), np.arange(20))


@pytest.fixture
def report(found, faces):
    return describe(found, faces)


def cells(text, name):
    """Columns of the line that begins with a name."""
    (line,) = [line for line in text.split('\n') if line.startswith(f'{name} ')]
    return line.removeprefix(name).replace(' (', '(').split()


# data

def test_report_is_json(report):
    assert json.loads(json.dumps(report)) == report
    assert report['format'] == 2


def test_counts_beside_the_official_ones(report):
    assert report['images'] == 28709 + 12 + 3589
    assert report['counts']['train']['angry'] == {'found': 4007, 'official': 3995}
    assert report['counts']['test']['happy'] == {'found': 0, 'official': 879}


def test_duplicates_by_name(report):
    assert report['exact_duplicates'] == {'groups': 1, 'surplus': 1, 'share': round(1 / 32310, 6), 'contradicting': 0}
    assert report['all_duplicates'] == {'groups': 2, 'surplus': 3, 'share': round(3 / 32310, 6), 'contradicting': 1}
    assert report['leaks'] == [{'split': 'val', 'duplicates_in': 'train', 'exact': 2, 'near': 3}]
    assert report['groups'][1] == {'images': ['face_1', 'face_3', 'face_4'], 'exact': False, 'contradicts': True,
                                   'splits': ['train', 'val'], 'labels': ['happy', 'sad']}
    assert report['mirrored'] == [['face_5', 'face_6']]
    assert report['named_as_duplicates'] == ['face (2).png']
    assert report['unreadable'] == ['bad.png: not an image']


# text

def test_table_shows_number_and_difference(report):
    text = format_report(report)
    assert cells(text, 'angry') == ['4007(+12)', '467(=)', '0(-491)']
    assert cells(text, 'sad') == ['4830(=)', '653(=)', '0(-594)']
    assert cells(text, 'all') == ['28721(+12)', '3589(=)', '0(-3589)']
    assert cells(text, 'images') == ['train(vs', 'official)', 'val(vs', 'official)', 'test(vs', 'official)']
    assert 'no label' not in text


def test_faces_without_labels_have_a_row(found, faces):
    text = format_report(describe(found._replace(unlabelled=np.array([0, 0, 7])), faces))
    assert cells(text, 'no label') == ['0', '0', '7']
    assert 'no images of' not in text


def test_shares_and_missing_splits(report):
    lines = format_report(report).split('\n')
    (leak,) = [line for line in lines if 'val images with a duplicate in train' in line]
    assert '5 of 3589 (0.1 %): 2 exact, 3 near' in leak
    assert any('no images of test' in line for line in lines)
    assert any('exact and near: 3 surplus images (0.01 %) in 2 groups, 1 of which' in line for line in lines)


def test_long_lists_are_shortened_but_not_that_of_unreadable_files(found, faces):
    lines = format_report(describe(found, faces._replace(faults=[f'bad_{i}.png' for i in range(9)]))).split('\n')
    assert sum(line.startswith('    face_') for line in lines) == 5 + 1  # blank and mirrored
    assert '    and 2 more' in lines
    assert [line.strip() for line in lines if 'bad_' in line] == [f'bad_{i}.png' for i in range(9)]


def test_histogram_has_a_bar_for_each_grey_level(report):
    lines = [line for line in format_report(report).split('\n') if '#' in line]
    assert [line.count('#') for line in lines] == [round(40 * i / 19) for i in range(1, 20)]
    (limit,) = [line for line in lines if 'limit' in line]
    assert limit.split()[:2] == ['9-10', '9']
