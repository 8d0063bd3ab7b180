import re

import numpy as np
import pytest

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.evaluation.comparison.dataset import find_tested_data, which_are_clean
from tests.helpers.fer2013_files import make_faces, write_fer2013
from tests.helpers.made_runs import make_run

SYNTHETIC = dict(type='SyntheticFER', num_samples=5, split='val')


def run_of(dataset, ids=('val_3', 'val_0')):
    return make_run([0] * len(ids), [1] * len(ids), ids=ids, **({} if dataset is None else dict(dataset=dataset)))


def test_samples_are_found_again_by_name():
    dataset, places = find_tested_data(run_of(SYNTHETIC))
    assert isinstance(dataset, SyntheticFER)
    assert (len(dataset), dataset.split, places.tolist()) == (5, 'val', [3, 0])


@pytest.mark.parametrize(('cfg', 'message'), [
    (None, 'a.json does not say on which data set'),
    ('FER2013', 'a.json does not say on which data set'),
    ({}, 'None is not a registered data set'),
    (dict(type='NoSuchData'), "'NoSuchData' is not a registered data set"),
    (dict(SYNTHETIC, split='none'), "split must be one of ('train', 'val', 'test'), got 'none'"),
    (dict(SYNTHETIC, num_faces=3), "unexpected keyword argument 'num_faces'"),
    (dict(type='FER2013', data_root='/none', split='val'), 'No FER2013 data in /none'),
    (dict(SYNTHETIC, split='test'), '2 samples are no longer in the data set, such as val_3'),
    (dict(SYNTHETIC, num_samples=2), '1 samples are no longer in the data set, such as val_3'),
])
def test_data_that_are_not_found(cfg, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        find_tested_data(run_of(cfg))
    assert '\n' not in str(error.value)


def test_a_data_set_that_fails_in_a_way_of_its_own(monkeypatch):
    def fail(self, idx):
        raise AssertionError

    monkeypatch.setattr(SyntheticFER, 'get_data_info', fail)
    with pytest.raises(ValueError, match=r'^AssertionError$'):
        find_tested_data(run_of(SYNTHETIC))


@pytest.mark.parametrize('cfg', [
    dict(type='pathlib.Path.touch'),
    dict(SYNTHETIC, pipeline=[dict(type='pathlib.Path.touch')]),
    dict(type='ConcatDataset', datasets=[dict(type='pathlib.Path.touch')]),
    dict(type='RepeatDataset', times=1, dataset=dict(type='pathlib.Path.touch')),
])
def test_a_file_of_predictions_runs_no_code(cfg, tmp_path):
    target = tmp_path / 'touched'
    for each in (cfg, *cfg.get('pipeline', []), *cfg.get('datasets', []), cfg.get('dataset', cfg)):
        if each['type'] == 'pathlib.Path.touch':
            each['self'] = str(target)
    with pytest.raises(ValueError, match=r'is not a registered data set|a data set made of others'):
        find_tested_data(run_of(cfg))
    assert not target.exists()


@pytest.fixture
def root(tmp_path):
    """Made-up faces, of which the first of PublicTest is the first of Training."""
    faces = make_faces(35)
    faces.images[faces.of('PublicTest')[0]] = faces.images[faces.of('Training')[0]]
    write_fer2013(tmp_path, faces)
    return tmp_path


def test_clean_samples(root):
    cfg = dict(type='FER2013', data_root=str(root), split='val')
    ids = [FER2013(str(root), 'val').get_data_info(i)['sample_id'] for i in (2, 0, 4)]
    dataset, places = find_tested_data(run_of(cfg, ids))
    np.testing.assert_array_equal(which_are_clean(dataset, places), [True, False, True])


def test_clean_samples_that_are_not_known(root):
    with pytest.raises(ValueError, match='SyntheticFER does not say which images have a copy in training'):
        which_are_clean(SyntheticFER(3, 'val'), np.arange(3))
    with pytest.raises(ValueError, match='the images are those of training'):
        which_are_clean(FER2013(str(root), 'train'), np.arange(3))
