import numpy as np
import pytest

from emonext import to_rows
from emonext.batches import EMPTY, BatchPredictor
from tests.emonext.films import write_film


@pytest.fixture
def predictor(classifier):
    """Takes a picture as a face if it is 48 px high."""
    return BatchPredictor(model=classifier, faces=lambda picture: [(0, 0, 48, 48, 0.5)] if len(picture) == 48 else [])


def test_rows_are_those_of_the_recognizer(predictor, picture):
    paths = [str(picture(f'{value}.png', value)) for value in (10, 120, 250)]
    found = predictor({'path': np.array(paths)})
    rows = to_rows(predictor.recognizer.predict(paths))
    assert list(found['label']) == ['dark', 'grey', 'bright']
    for key in ('source', 'face', 'left', 'right', 'detected', 'detection_score', 'score', 'p_grey'):
        assert list(found[key]) == [row[key] for row in rows]


def test_contents_of_files(predictor, picture):
    path = picture('a.png', 250)
    found = predictor({'path': np.array(['s3://a.png']), 'bytes': np.array([path.read_bytes()], object)})
    assert (list(found['source']), list(found['label'])) == (['s3://a.png'], ['bright'])


def test_no_file_is_left_out(predictor, picture, tmp_path):
    """Without a face, damaged, good: the columns have the same types in each batch."""
    (tmp_path / 'bad.png').write_text('no picture')
    paths = [picture('empty.png', size=(99, 99)), tmp_path / 'bad.png', picture('good.png')]
    alone = [predictor({'path': np.array([str(path)])}) for path in paths]
    assert [int(found['face'][0]) for found in alone] == [-1, -1, 0]
    assert ['bad.png' in found['error'][0] for found in alone] == [False, True, False]
    assert len({tuple((key, column.dtype) for key, column in found.items()) for found in alone}) == 1
    assert list(alone[0]) == [*EMPTY, 'p_dark', 'p_grey', 'p_bright']
    together = predictor({'path': np.array([str(path) for path in paths])})
    assert list(together['source']) == [str(path) for path in paths]


def test_frames_of_a_film(predictor, tmp_path):
    found = predictor({'path': np.array([str(write_film(tmp_path / 'a.mp4', 0.5))])})
    assert list(found['frame']) == [0, 1, 2, 3, 4]
    assert set(found['track']) == {0}
