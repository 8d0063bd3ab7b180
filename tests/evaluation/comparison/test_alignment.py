import re

import numpy as np
import pytest

from emonext_mm.evaluation.comparison.alignment import cautions, pair
from tests.helpers.made_runs import CLASSES, make_run

LABELS, PREDICTED = [0, 1, 2, 1], [0, 2, 2, 0]


def shuffled(run, order=(2, 0, 3, 1), classes=('neutral', 'happy', 'sad')):
    """The same run with its samples, and its classes, in another order."""
    order, columns = list(order), [run.classes.index(name) for name in classes]
    new = np.array([classes.index(name) for name in run.classes])
    return run._replace(classes=classes, ids=tuple(run.ids[i] for i in order), labels=new[run.labels[order]],
                        predicted=new[run.predicted[order]], probabilities=run.probabilities[order][:, columns])


def test_samples_and_classes_are_paired_by_name():
    first = make_run(LABELS, PREDICTED, confidence=[0.5, 0.6, 0.7, 0.8])
    paired = pair([first, shuffled(first)])[1]
    assert (paired.ids, paired.classes) == (first.ids, CLASSES)
    for name in ('labels', 'predicted', 'probabilities'):
        np.testing.assert_array_equal(getattr(paired, name), getattr(first, name))
    assert not np.array_equal(shuffled(first).labels, first.labels)


def test_the_first_run_gives_the_order():
    first = make_run(LABELS, PREDICTED)
    assert pair([shuffled(first), first])[1].ids == ('val_2', 'val_0', 'val_3', 'val_1')


@pytest.mark.parametrize(('other', 'message'), [
    (make_run([0, 1, 2], [0, 1, 2], 'b.json'),
     'a.json and b.json are not of the same samples: b.json lacks 1 samples of the other, such as val_3'),
    (make_run([*LABELS, 0, 0], [*PREDICTED, 0, 0], 'b.json'),
     'a.json and b.json are not of the same samples: a.json lacks 2 samples of the other, such as val_4'),
    (make_run(LABELS, PREDICTED, 'b.json', ids=[f'test_{i}' for i in range(4)]),
     'b.json lacks 4 samples of the other, such as val_0; a.json lacks 4 samples of the other, such as test_0'),
    (make_run([0, 1, 0, 0], PREDICTED, 'b.json'),
     'val_2 is happy in b.json and neutral in a.json; 2 labels differ'),
    (make_run(LABELS, PREDICTED, 'b.json', classes=('happy', 'sad', 'bored')),
     'b.json has the classes happy, sad, bored, a.json has happy, sad, neutral'),
    (make_run(LABELS, PREDICTED, 'b.json', classes=(*CLASSES, 'bored')),
     'b.json has the classes happy, sad, neutral, bored, a.json has happy, sad, neutral'),
    (make_run([0, 1, -1, 1], PREDICTED, 'b.json'), 'b.json: val_2 has no label'),
])
def test_no_pairs(other, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        pair([make_run(LABELS, PREDICTED), other])


def test_first_run_without_labels():
    with pytest.raises(ValueError, match=r'a\.json: val_0 has no label'):
        pair([make_run([-1] * 4, PREDICTED), make_run(LABELS, PREDICTED, 'b.json')])


def conditions(*each):
    return [make_run(LABELS, PREDICTED, **kwargs) for kwargs in each]


VAL = dict(type='FER2013', data_root='here', split='val')


def test_nothing_to_caution_against():
    same = dict(weights='EMA', views=1, transform=None, merge=None)
    assert cautions(conditions(dict(same, config='a', epoch=3, dataset=VAL),
                               dict(same, config='b', epoch=9, dataset=dict(VAL, data_root='there')))) == []
    assert cautions(conditions({}, {})) == []


def test_tests_that_differ():
    assert cautions(conditions(dict(views=1, merge=None), dict(views=10, merge='Mean'), dict(views=1, merge=None))) == [
        'the tests differ in views (1, 10), merge (None, Mean): a difference may come from that alone']
    assert cautions(conditions(dict(weights='EMA'), dict(weights='raw'))) == [
        'the tests differ in weights (EMA, raw): a difference may come from that alone']


def test_data_sets_that_differ():
    assert cautions(conditions(dict(dataset=VAL), dict(dataset=dict(VAL, color_type='color')))) == [
        'the data sets differ in color_type (None, color): the same sample_id may be another image']
    assert cautions(conditions(dict(dataset='FER2013'), dict(dataset='SyntheticFER'))) == [
        'the data sets differ in type (FER2013, SyntheticFER): the same sample_id may be another image']
