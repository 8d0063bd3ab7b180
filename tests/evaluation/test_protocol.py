import copy

import cv2
import pytest
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.evaluation.protocol import check_protocol, check_splits
from tests.helpers.fer2013_files import make_faces, write_fer2013, write_folders

TRAIN, VAL, TEST = (dict(type='SyntheticFER', num_samples=14, split=split) for split in ('train', 'val', 'test'))
OF_CLASS = dict(TEST, type=SyntheticFER)
KIND = 'mmpretrain.SyntheticFER'


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmpretrain')


def fold(dataset, test_mode, **options):
    return dict(type='KFoldDataset', dataset=dataset, num_splits=2, test_mode=test_mode, **options)


def both(*datasets):
    return dict(type='ConcatDataset', datasets=list(datasets))


def build(cfg):
    return None if cfg is None else DATASETS.build(copy.deepcopy(cfg))


@pytest.mark.parametrize(('train', 'val'), [
    (TRAIN, VAL),
    (both(TRAIN, VAL), None),
    (fold(TRAIN, False), fold(TRAIN, True)),
    (fold(TRAIN, False, seed=1), fold(TRAIN, True, seed=1)),
    (dict(TRAIN, indices=[0, 1, 2]), dict(TRAIN, indices=[3, 4])),
    (dict(type='RepeatDataset', times=2, dataset=TRAIN), both(VAL, fold(VAL, True))),
    (TRAIN, dict(TRAIN, seed=1)),  # other faces
])
def test_allowed(train, val):
    check_protocol(build(train), build(val))


@pytest.mark.parametrize(('train', 'val', 'message'), [
    (TRAIN, TEST, r'val_dataloader holds the split test \(PrivateTest\)'),
    (TRAIN, dict(TEST, type=KIND), r'val_dataloader holds the split test'),
    (TRAIN, OF_CLASS, r'val_dataloader holds the split test'),
    (TRAIN, fold(OF_CLASS, True), r'val_dataloader holds the split test'),
    (TRAIN, both(VAL, TEST), r'val_dataloader holds the split test'),
    (dict(type='RepeatDataset', times=2, dataset=TEST), VAL, r'train_dataloader holds the split test'),
    (dict(type='ClassBalancedDataset', oversample_thr=0.1, dataset=TEST), None, r'train_dataloader holds the split'),
    (both(TRAIN, VAL), VAL, r'both hold 14 images, such as val_0'),
    (TRAIN, dict(type='SyntheticFER', num_samples=2), r'both hold 2 images, such as train_0'),
    (fold(TRAIN, False), fold(dict(TRAIN, type=KIND), False), r'both hold 7 images, such as train_7'),
    (fold(TRAIN, False), fold(TRAIN, True, seed=3), r'both hold \d images'),
    (dict(TRAIN, indices=[0, 1, 2]), dict(TRAIN, indices=[2, 3]), r'both hold 1 images, such as train_2'),
])
def test_refused(train, val, message):
    with pytest.raises(ValueError, match=message):
        check_protocol(build(train), build(val))


@pytest.mark.parametrize('write', [write_fer2013, write_folders])
def test_a_part_that_is_held_out_of_one_side_alone(tmp_path, write):
    faces = make_faces()
    kept = faces.of('Training')
    write(tmp_path, faces._replace(images=faces.images[kept], labels=[faces.labels[row] for row in kept],
                                   splits=['Training'] * len(kept)))
    train, rest = (FER2013(str(tmp_path), **options) for options in ({}, dict(hold_out=0.3)))
    held = FER2013(str(tmp_path), split='val', hold_out=0.3)
    check_protocol(rest, held)
    with pytest.raises(ValueError, match=rf'both hold {len(held)} images, such as .*Training_'):
        check_protocol(train, held)


def test_the_same_file_twice(tmp_path):
    """Two copies of one csv file."""
    for name in 'ab':
        (tmp_path / name).mkdir()
        write_fer2013(tmp_path / name, make_faces())
    with pytest.raises(ValueError, match='both hold 12 images, such as Training_0'):
        check_protocol(FER2013(str(tmp_path / 'a')), FER2013(str(tmp_path / 'b')))


def test_the_same_faces_in_grey_and_in_colour(tmp_path):
    write_fer2013(tmp_path, make_faces())
    grey, colour = (FER2013(str(tmp_path), color_type=each) for each in ('grayscale', 'color'))
    with pytest.raises(ValueError, match='both hold 12 images, such as Training_0'):
        check_protocol(grey, colour)


def image_folder(root, names):
    for i, name in enumerate(names):
        path = root / ('angry', 'happy')[i % 2] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), make_faces().images[i])
    return DATASETS.build(dict(type='mmpretrain.CustomDataset', data_root=str(root)))


def test_images_of_the_split_test_in_another_data_set(tmp_path):
    other = image_folder(tmp_path / 'val', ['PublicTest_1.png', 'PrivateTest_2.png'])
    with pytest.raises(ValueError, match=r'val_dataloader holds .*PrivateTest_2\.png'):
        check_protocol(build(TRAIN), other)
    with pytest.raises(ValueError, match=r'train_dataloader holds .*PrivateTest_2\.png'):
        check_protocol(other, None)


def test_other_data_sets_are_warned_of(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('emonext_mm.evaluation.protocol.print_log', lambda text, *_: said.append(text))
    other = image_folder(tmp_path / 'val', ['a.png', 'b.png'])
    check_protocol(other, image_folder(tmp_path / 'other', ['a.png', 'b.png']))
    assert said == []
    check_protocol(other, other)
    assert '2 images' in said[0]


def test_a_data_set_without_names():
    class Plain(BaseDataset):
        def load_data_list(self):
            return [{'gt_label': 0}] * 3

    check_protocol(Plain(), Plain())


def config(train, val):
    return Config(dict(train_dataloader=dict(dataset=train), test_dataloader=dict(dataset=TEST),
                       **({} if val is None else dict(val_dataloader=dict(dataset=val)))))


def test_configs():
    for train, val in ((TRAIN, VAL), (both(TRAIN, VAL), None), (fold(TRAIN, False), fold(TRAIN, True)),
                       (dict(type='ImageNet', split='test'), dict(type='NoSuch', split='test'))):
        check_splits(config(train, val))
    for val in (TEST, dict(TEST, type=KIND), OF_CLASS, fold(TEST, True), dict(type='FER2013', split='test')):
        with pytest.raises(ValueError, match='val_dataloader holds the split test'):
            check_splits(config(TRAIN, val))
    with pytest.raises(ValueError, match='train_dataloader holds the split test'):
        check_splits(config(both(TRAIN, TEST), VAL))
