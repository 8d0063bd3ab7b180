import re

import numpy as np
import pytest

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.evaluation import PredictionFile
from emonext_mm.evaluation.comparison import dataset as module
from emonext_mm.evaluation.comparison.dataset import build_tested_dataset, find_leak_free
from emonext_mm.evaluation.predictions import read_predictions
from tests.helpers.fer2013_files import make_faces, write_fer2013, write_image
from tests.helpers.made_runs import make_run

SYNTHETIC = dict(type='SyntheticFER', num_samples=5, split='val')


def run_of(dataset, ids=('val_3', 'val_0')):
    return make_run([0] * len(ids), [1] * len(ids), ids=ids, **({} if dataset is None else dict(dataset=dataset)))


def test_samples_are_found_by_name():
    dataset, indices = build_tested_dataset(run_of(SYNTHETIC))
    assert isinstance(dataset, SyntheticFER)
    assert (len(dataset), dataset.split, indices.tolist()) == (5, 'val', [3, 0])


@pytest.mark.parametrize(('cfg', 'message'), [
    (None, 'a.json'),
    ('FER2013', 'a.json'),
    ({}, 'None is not one of the data sets'),
    *((dict(type=kind), f'{kind!r} is not one of the data sets')
      for kind in ('NoSuchData', 'MNIST', 'CIFAR10', 'BaseDataset', ['FER2013'], {'a': 1}, 1)),
    *((dict(SYNTHETIC, num_samples=number), f'num_samples is {number!r}, for 2 predictions')
      for number in (0, -1, 21, 10**9, 10**30)),
    (dict(type='CustomDataset', data_root='/dev', ann_file='zero'), '/dev/zero is not a regular file'),
    (dict(type='CustomDataset', classes='/dev/zero'), '/dev/zero is not a regular file'),
    (dict(SYNTHETIC, split='none'), "split must be one of ('train', 'val', 'test'), got 'none'"),
    (dict(SYNTHETIC, num_faces=3), "unexpected keyword argument 'num_faces'"),
    (dict(type='FER2013', data_root='/none', split='val'), 'No FER2013 data in /none'),
    (dict(SYNTHETIC, split='test'), '2 samples'),
    (dict(SYNTHETIC, num_samples=2), '1 samples are no longer in the data set, such as val_3'),
])
def test_data_that_cannot_be_built(cfg, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        build_tested_dataset(run_of(cfg))
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('cfg', [
    *(dict(SYNTHETIC, **{key: value}) for key in ('split', 'seed', 'color_type', 'max_rotation', 'indices', 'metainfo')
      for value in ([1], {'a': 1}, 'x', None, 1e308, 10**30)),
    dict(type='FER2013', data_root=[1]), dict(type='FER2013', data_root='a\0b'),
    dict(type='CustomDataset', data_root=[1]), dict(type='CustomDataset', data_root='/none', data_prefix=3),
])
def test_absurd_arguments(cfg):
    """Each ends soon, with five faces or one line."""
    try:
        outcome = len(build_tested_dataset(run_of(cfg))[0])
    except ValueError as error:
        outcome = str(error)
    assert outcome == 5 or len(outcome.splitlines()) == 1


def test_a_data_set_that_fails_in_a_way_of_its_own(monkeypatch):
    def fail(self, idx):
        raise AssertionError

    monkeypatch.setattr(SyntheticFER, 'get_data_info', fail)
    with pytest.raises(ValueError, match=r'^AssertionError$'):
        build_tested_dataset(run_of(SYNTHETIC))


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
    with pytest.raises(ValueError, match=r'is not one of the data sets|contains other parts'):
        build_tested_dataset(run_of(cfg))
    assert not target.exists()


def test_folders(tmp_path, monkeypatch):
    """A folder of images is read, as long as it is not the whole disk, or one whose links lead back to itself."""
    for name in ('a/1.png', 'a/2.png', 'b/3.png'):
        write_image(tmp_path / name, np.zeros((4, 4), np.uint8))
    cfg = dict(type='CustomDataset', data_root=str(tmp_path), data_prefix='')
    dataset, indices = build_tested_dataset(run_of(cfg, [f'{tmp_path}/b/3.png', f'{tmp_path}/a/1.png']))
    assert (len(dataset), indices.tolist()) == (3, [2, 0])
    monkeypatch.setattr(module, 'MOST_FILES', 1000)
    for name in ('one', 'two'):
        (tmp_path / 'a' / name).symlink_to('..')
    with pytest.raises(ValueError, match='holds more than 1,000 files'):
        build_tested_dataset(run_of(cfg))


def test_files_of_one_name_in_several_classes(tmp_path):
    """Their samples are found under the names that a test writes."""
    for index, name in enumerate(('train/angry/im0.png', 'test/angry/im1.png', 'test/happy/im1.png')):
        write_image(tmp_path / name, np.full((48, 48), index, np.uint8))
    cfg = dict(type='FER2013', data_root=str(tmp_path), split='test')
    dataset = FER2013(str(tmp_path), 'test')
    file = PredictionFile(tmp_path / 'a.json')
    file.process(None, [dict(sample_idx=index, gt_label=label, pred_score=np.eye(7)[0])
                        for index, label in ((1, dataset.labels[1]), (0, dataset.labels[0]))])
    file.evaluate(2)
    file.write(dataset, dict(dataset=cfg))
    run = read_predictions(file.path)
    assert run.ids == ('im1@1', 'im1@0')
    assert build_tested_dataset(run)[1].tolist() == [1, 0]


@pytest.fixture
def root(tmp_path):
    """Random faces; the first one of PublicTest is a duplicate of the first one of Training."""
    faces = make_faces(35)
    faces.images[faces.of('PublicTest')[0]] = faces.images[faces.of('Training')[0]]
    write_fer2013(tmp_path, faces)
    return tmp_path


def test_leak_free_samples(root):
    cfg = dict(type='FER2013', data_root=str(root), split='val')
    ids = [FER2013(str(root), 'val').get_data_info(i)['sample_id'] for i in (2, 0, 4)]
    np.testing.assert_array_equal(find_leak_free(*build_tested_dataset(run_of(cfg, ids))), [True, False, True])


def test_leak_free_samples_that_are_unknown(root):
    with pytest.raises(ValueError, match='SyntheticFER'):
        find_leak_free(SyntheticFER(3, 'val'), np.arange(3))
    with pytest.raises(ValueError, match='training images'):
        find_leak_free(FER2013(str(root), 'train'), np.arange(3))
