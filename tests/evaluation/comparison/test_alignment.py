import re

import numpy as np
import pytest

from emonext_mm.evaluation.comparison.alignment import align, cautions
from tests.helpers.made_runs import CLASSES, make_run

LABELS, PREDICTED = [0, 1, 2, 1], [0, 2, 2, 0]


def shuffled(run, order=(2, 0, 3, 1), classes=('neutral', 'happy', 'sad')):
    """The same run with its samples, and its classes, in another order."""
    order, columns = list(order), [run.classes.index(name) for name in classes]
    new = np.array([classes.index(name) for name in run.classes])
    return run._replace(classes=classes, ids=tuple(run.ids[i] for i in order), labels=new[run.labels[order]],
                        predicted=new[run.predicted[order]], probabilities=run.probabilities[order][:, columns])


def test_samples_and_classes_are_aligned_by_name():
    first = make_run(LABELS, PREDICTED, confidence=[0.5, 0.6, 0.7, 0.8])
    aligned = align([first, shuffled(first)])[1]
    assert (aligned.ids, aligned.classes) == (first.ids, CLASSES)
    for name in ('labels', 'predicted', 'probabilities'):
        np.testing.assert_array_equal(getattr(aligned, name), getattr(first, name))
    assert not np.array_equal(shuffled(first).labels, first.labels)


def test_the_order_is_that_of_the_first_run():
    first = make_run(LABELS, PREDICTED)
    assert align([shuffled(first), first])[1].ids == ('val_2', 'val_0', 'val_3', 'val_1')


@pytest.mark.parametrize(('other', 'facts'), [
    (make_run([0, 1, 2], [0, 1, 2], 'b.json'), ['b.json lacks 1 ', 'val_3']),
    (make_run([*LABELS, 0, 0], [*PREDICTED, 0, 0], 'b.json'), ['a.json lacks 2 ', 'val_4']),
    (make_run(LABELS, PREDICTED, 'b.json', ids=[f'test_{i}' for i in range(4)]),
     ['b.json lacks 4 ', 'val_0', 'a.json lacks 4 ', 'test_0']),
    (make_run([0, 1, 0, 0], PREDICTED, 'b.json'), ['2 labels', 'val_2 is neutral in a.json', 'happy in b.json']),
    (make_run(LABELS, PREDICTED, 'b.json', classes=('happy', 'sad', 'bored')),
     ['happy, sad, neutral in a.json', 'happy, sad, bored in b.json']),
    (make_run(LABELS, PREDICTED, 'b.json', classes=(*CLASSES, 'bored')),
     ['happy, sad, neutral in a.json', 'happy, sad, neutral, bored in b.json']),
    (make_run([0, 1, -1, 1], PREDICTED, 'b.json'), ['b.json: val_2 has no label']),
])
def test_runs_that_cannot_be_aligned(other, facts):
    with pytest.raises(ValueError, match='.*'.join(map(re.escape, facts))):
        align([make_run(LABELS, PREDICTED), other])


def test_first_run_without_labels():
    with pytest.raises(ValueError, match=r'a\.json: val_0 has no label'):
        align([make_run([-1] * 4, PREDICTED), make_run(LABELS, PREDICTED, 'b.json')])


def conditions(*each):
    return [make_run(LABELS, PREDICTED, **kwargs) for kwargs in each]


VAL = dict(type='FER2013', data_root='here', split='val')


def test_equal_conditions():
    same = dict(weights='EMA', views=1, transform=None, merge=None)
    assert cautions(conditions(dict(same, config='a', epoch=3, dataset=VAL),
                               dict(same, config='b', epoch=9, dataset=dict(VAL, data_root='there')))) == []
    assert cautions(conditions({}, {})) == []
    assert cautions(conditions({}, dict(precision='bfloat16'), dict(precision='bfloat16'))) == []  # an older file


def test_classes_in_another_order():
    """Classes are aligned by name."""
    names = ['sad', 'happy']
    each = [VAL, *(dict(VAL, **{key: value}) for order in (names, names[::-1])
                   for key, value in (('classes', order), ('metainfo', dict(classes=order))))]
    assert cautions(conditions(*(dict(dataset=dataset) for dataset in each))) == []


@pytest.mark.parametrize(('each', 'facts'), [
    ([dict(views=1, merge=None), dict(views=10, merge='Mean'), dict(views=1, merge=None)],
     'tests.* views (1, 10), merge (None, Mean):'),
    ([dict(weights='EMA'), dict(weights='raw')], 'tests.* weights (EMA, raw):'),
    ([dict(precision='float32'), {}, dict(precision='bfloat16')], 'tests.* precision (float32, bfloat16):'),
    ([dict(dataset=VAL), dict(dataset=dict(VAL, metainfo=dict(classes=['b', 'a'], source='s')))],
     'data sets.* source (None, s):'),
    ([dict(dataset=VAL), dict(dataset=dict(VAL, color_type='color'))], 'data sets.* color_type (None, color):'),
    ([dict(dataset='FER2013'), dict(dataset='SyntheticFER')], 'data sets.* type (FER2013, SyntheticFER):'),
])
def test_conditions_that_differ(each, facts):
    line, = cautions(conditions(*each))
    kind, _, values = facts.partition('.*')
    assert kind in line
    assert values in line


def test_tests_and_data_sets_that_differ():
    assert len(cautions(conditions(dict(views=1, dataset=VAL), dict(views=2, dataset='FER2013')))) == 2
