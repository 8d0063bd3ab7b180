import numpy as np
import pytest

from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.datasets.readers.ferplus import labels_and_scores, read_votes
from emonext_mm.datasets.readers.pixel_csv import read_pixel_csv
from tests.helpers.fer2013_files import make_faces, write_fer2013, write_votes

ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL, CONTEMPT, UNKNOWN, NF = range(10)
COLUMNS = {'neutral': NEUTRAL, 'happiness': HAPPY, 'surprise': SURPRISE, 'sadness': SAD, 'anger': ANGRY,
           'disgust': DISGUST, 'fear': FEAR, 'contempt': CONTEMPT, 'unknown': UNKNOWN, 'NF': NF}


@pytest.fixture
def faces():
    return make_faces()


@pytest.fixture
def table(tmp_path, faces):
    return read_pixel_csv(write_fer2013(tmp_path, faces))


def votes_of(**named):
    votes = np.zeros((1, 10), np.int64)
    for name, count in named.items():
        votes[0, COLUMNS[name]] = count
    return votes


@pytest.mark.parametrize(('votes', 'majority', 'soft'), [
    ({'happiness': 7, 'neutral': 3}, HAPPY, HAPPY),
    ({'anger': 3, 'fear': 2, 'sadness': 2, 'disgust': 2, 'NF': 1}, ANGRY, ANGRY),
    ({'surprise': 5, 'fear': 5}, -1, FEAR),
    ({'contempt': 6, 'neutral': 4}, -1, -1),
    ({'unknown': 5, 'neutral': 5}, -1, -1),
    ({'NF': 10}, -1, -1),
    ({}, -1, -1),
    ({'neutral': 4, 'contempt': 3, 'unknown': 3}, NEUTRAL, NEUTRAL),
])
def test_which_faces_get_which_label(votes, majority, soft):
    assert labels_and_scores(votes_of(**votes), soft=False)[0].tolist() == [majority]
    assert labels_and_scores(votes_of(**votes), soft=True)[0].tolist() == [soft]


def test_scores_are_the_share_of_the_seven_emotions():
    _, scores = labels_and_scores(votes_of(happiness=6, neutral=2, contempt=1, NF=1), soft=True)
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, [[0, 0, 0, 0.75, 0, 0, 0.25]])


def test_votes_follow_the_order_of_the_table(tmp_path, faces, table):
    names = list(COLUMNS)
    path = write_votes(tmp_path, faces.splits, [{names[row % 10]: row} for row in range(21)])
    votes = read_votes(path, table)
    for index, row in enumerate(table.rows):
        expected = np.zeros(10, np.int64)
        expected[COLUMNS[names[row % 10]]] = row
        np.testing.assert_array_equal(votes[index], expected)


def test_other_number_of_rows(tmp_path, faces, table):
    path = write_votes(tmp_path, faces.splits[:-1], [{}] * 20)
    with pytest.raises(ValueError, match=f'^{path}: 20 rows of votes for 21 faces'):
        read_votes(path, table)


def test_shifted_rows(tmp_path, faces, table):
    path = write_votes(tmp_path, [*faces.splits[1:], 'Training'], [{}] * 21)
    with pytest.raises(ValueError, match=f"^{path}, line 2: Usage 'PublicTest', .* of Training"):
        read_votes(path, table)


@pytest.mark.parametrize(('faces', 'equal', 'refused'), [
    (1400, 1400 // 7, True), (1400, 466, True), (1400, 467, False), (1400, 1400, False), (999, 0, False)])
def test_votes_on_other_faces_of_the_same_split(tmp_path, faces, equal, refused):
    """Rows without a majority, the last 100, do not count."""
    names, total = list(COLUMNS), faces + 100
    labels = np.arange(total) % 7
    table = FaceTable.sorted_by_split(np.zeros((total, 1, 1), np.uint8), labels, np.zeros(total, int))
    of_label = {index: name for name, index in COLUMNS.items()}
    votes = [{of_label[(label + (row >= equal)) % 7]: 10} for row, label in enumerate(labels[:faces])]
    path = write_votes(tmp_path, ['Training'] * total, votes + [{names[-1]: 10}] * 100)
    if refused:
        with pytest.raises(ValueError, match=rf'^{path}: .* {equal:,} of {faces:,} faces'):
            read_votes(path, table)
    else:
        assert len(read_votes(path, table)) == total


@pytest.mark.parametrize(('old', 'new', 'message'), [
    (',NF', ',none', "line 1: no column 'NF'"),
    ('Usage', 'Use', "line 1: no column 'usage'"),
    ('Image name', 'nf', "line 1: 2 columns 'NF'"),
    ('Image name', '"' + 'x' * 200_000 + '"', 'line 1: field larger than field limit'),
    ('fer0000004.png,0', 'fer0000004.png,x', "line 6: neutral is 'x', expected a number of votes"),
    ('fer0000004.png,0', 'fer0000004.png,-1', "line 6: neutral is '-1'"),
    ('fer0000004.png,0', 'fer0000004.png,1000', "line 6: neutral is '1000'"),
    ('fer0000004.png', '"' + 'x' * 200_000 + '"', 'line 5: field larger than field limit'),
    ('fer0000004.png,0,0', 'fer0000004.png', "line 6: unknown is '', expected a number of votes"),
])
def test_bad_votes_file(tmp_path, faces, table, old, new, message):
    path = write_votes(tmp_path, faces.splits, [{}] * 21)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=f'^{path}, {message}'):
        read_votes(path, table)
