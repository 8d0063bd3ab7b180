import numpy as np
import pytest

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.datasets.class_order import arrange, arrange_scores
from emonext_mm.emotions import CLASSES, UNLABELLED
from tests.helpers.fer2013_files import make_faces, write_fer2013, write_votes

SORTED = sorted(CLASSES)


def test_labels_by_name():
    labels = np.array([0, 4, UNLABELLED, 6])
    assert arrange(labels, CLASSES) is labels
    found = arrange(labels, SORTED)
    assert [SORTED[i] for i in found[found != UNLABELLED]] == ['angry', 'sad', 'neutral']
    assert found[2] == UNLABELLED
    assert arrange(labels, ['Anger', *CLASSES[1:]]).tolist() == labels.tolist()


def test_scores_by_name():
    scores = np.arange(14.0).reshape(2, 7)
    found = arrange_scores(scores, SORTED)
    for column, name in enumerate(SORTED):
        np.testing.assert_array_equal(found[:, column], scores[:, CLASSES.index(name)])


@pytest.mark.parametrize('classes', [CLASSES[:6], (*CLASSES[:6], 'contempt'), tuple('abcdefg')])
def test_other_classes(classes):
    with pytest.raises(ValueError, match=', '.join(classes)):
        SyntheticFER(7, classes=classes)


def names(dataset):
    classes = dataset.metainfo['classes']
    by_info = [classes[dataset.get_data_info(i)['gt_label']] for i in range(len(dataset))]
    assert [classes[label] for label in dataset.get_gt_labels()] == by_info
    assert [classes[dataset.get_cat_ids(i)[0]] for i in range(len(dataset))] == by_info
    return by_info


def test_drawn_faces():
    plain, other, subset = (SyntheticFER(14), SyntheticFER(14, classes=SORTED), SyntheticFER(14, metainfo=dict(
        classes=SORTED)).get_subset([3, 12]))
    assert names(other) == names(plain)
    assert other.metainfo['classes'] == tuple(SORTED)
    assert names(subset) == [names(plain)[3], names(plain)[12]]
    np.testing.assert_array_equal(other.images, plain.images)


@pytest.mark.parametrize('ferplus', [None, 'majority', 'soft'])
def test_stored_faces(tmp_path, ferplus):
    faces = make_faces()
    write_fer2013(tmp_path, faces)
    write_votes(tmp_path, faces.splits, [{('anger', 'sadness', 'neutral')[i % 3]: 6, 'fear': 2} for i in range(21)])
    plain, other = (FER2013(str(tmp_path), ferplus=ferplus, **options) for options in ({}, dict(classes=SORTED)))
    assert names(other) == names(plain)
    if ferplus == 'soft':
        for i in range(len(plain)):
            scores = dict(zip(CLASSES, plain.get_data_info(i)['gt_score'].tolist()))
            assert dict(zip(SORTED, other.get_data_info(i)['gt_score'].tolist())) == scores
