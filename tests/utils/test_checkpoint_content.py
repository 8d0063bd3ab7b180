from collections import OrderedDict

import pytest
import torch
from torch import nn

from emonext_mm.utils.checkpoint_content import (
    check_class_names,
    check_content,
    check_finite,
    check_resumable,
    describe_misfit,
    stored_classes,
)
from emonext_mm.utils.errors import CheckpointError


@pytest.mark.parametrize(('content', 'found'), [([1], 'list'), (5, 'int'), (None, 'NoneType'), ('x', 'str'),
                                                (torch.zeros(1), 'Tensor')])
def test_content_that_is_no_dict(content, found):
    with pytest.raises(CheckpointError, match=f'dict of weights, got {found}$'):
        check_content(content)
    for name in ('state_dict', 'ema_state_dict', 'meta'):
        with pytest.raises(CheckpointError, match=f'{name}, got {found}$'):
            check_content({name: content})


@pytest.mark.parametrize('content', [{1: torch.zeros(1)}, {'state_dict': {'a': torch.zeros(1), 1: torch.zeros(1)}}])
def test_weights_without_names(content):
    with pytest.raises(CheckpointError, match='names of weights, got 1'):
        check_content(content)


@pytest.mark.parametrize(('tensor', 'kind'), [
    (torch.zeros(2, device='meta'), 'meta torch.float32'),
    (torch.zeros(2, dtype=torch.complex64), 'strided torch.complex64'),
    (torch.zeros(2, 2).to_sparse(), 'sparse_coo'),
])
@pytest.mark.parametrize('place', ['{"state_dict": {"a.b": x}}', '{"optimizer": [{"state": ({"a.b": x}, )}]}'])
def test_tensors_that_are_no_weights(tensor, kind, place):
    with pytest.raises(CheckpointError, match=rf'a\.b is .*{kind}'):
        check_content(eval(place, {'x': tensor}))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool])
def test_tensors_of_weights(dtype):
    check_content({'state_dict': {'a': torch.zeros(2, dtype=dtype), 'b': torch.nn.Parameter(torch.zeros(1))},
                   'optimizer': {'state': {0: {'step': torch.tensor(1.0)}}}})


def test_tensors_beyond_the_memory_behind_them():
    """10**12 numbers of one. Weights that share their memory are nothing unusual, nor is one expanded a little."""
    with pytest.raises(CheckpointError, match='4,000,000,000,000 bytes, it has 4'):
        check_content({'a': torch.zeros(1).expand(10**12)})
    with pytest.raises(CheckpointError, match='bytes'):
        check_content({str(i): torch.zeros(1).expand(2**20) for i in range(300)})
    tied = torch.zeros(1000)
    check_content({'a': tied, 'b': tied[:10], 'c': torch.zeros(1).expand(10**6)})


def test_content_that_nests_deeply_or_itself():
    deep, own = [], {}
    for _ in range(200_000):
        deep = [deep]
    own['own'] = [own]
    check_content({'deep': deep, 'own': own, 'a': torch.zeros(1)})


def test_what_would_be_run_is_dropped():
    weights = OrderedDict(a=torch.zeros(1))
    weights._metadata = OrderedDict({'': {'version': 1, 'check': print}})
    content = {'state_dict': weights, 'meta': {'epoch': 3, 'config': 'raise SystemExit'}}
    check_content(content)
    assert content['meta'] == {'epoch': 3}
    assert weights._metadata == {'': {'version': 1}}


@pytest.mark.parametrize('attributes', [{'items': 'x'}, {'_metadata': 5}, {'_metadata': {'': 5}}])
@pytest.mark.parametrize('place', [lambda x: x, lambda x: {'state_dict': x}, lambda x: {'meta': x}])
def test_dicts_with_forged_attributes(attributes, place):
    forged = OrderedDict(a=torch.zeros(1))
    vars(forged).update(attributes)
    with pytest.raises(CheckpointError, match=next(iter(attributes)).strip('_')):
        check_content(place(forged))


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_weights_that_are_not_finite(value, dtype):
    bad = torch.tensor([1, value, value], dtype=dtype)
    with pytest.raises(CheckpointError, match=f'2 of the 3 numbers of b .* {value}$'):
        check_finite({'a': torch.zeros(2), 'b': bad, 'c': bad})
    check_finite({'a': torch.zeros(2), 'b': torch.tensor([2**40])})


def test_a_mask_of_attention_is_infinite():
    mask = torch.tensor([0, -float('inf')])
    check_finite({'mask': mask}, {'mask': mask.clone()})
    with pytest.raises(CheckpointError, match='1 of the 2 numbers of mask'):
        check_finite({'mask': mask.flip(0)}, {'mask': mask})


def test_what_does_not_fit():
    model = {name: torch.zeros(2) for name in ('a', 'b', 'c', 'd', 'e', 'bn.num_batches_tracked')}
    weights = {'e': torch.zeros(3, 1), 'x': torch.zeros(1)}
    assert describe_misfit(model, weights, model, ['x']) == (
        '4 missing (a, b, c and 1 more); 1 unexpected (x); 1 of another shape (e), the first (3, 1) instead of (2,)')
    assert describe_misfit(model, weights).startswith('5 missing (a, b, c and 2 more); 1 unexpected (x); 1 of')
    assert describe_misfit(model, weights, ['bn.num_batches_tracked'], []) == ''


STATE = {'meta': {'epoch': 1, 'iter': 2}, 'state_dict': {}, 'message_hub': {}, 'optimizer': {}}


@pytest.mark.parametrize(('changes', 'missing'), [
    (dict(meta={}), r'meta\.epoch, meta\.iter'),
    (dict(meta={'epoch': 1, 'iter': '2'}), r'lacks meta\.iter;'),
    (dict(optimizer=None, message_hub=[]), 'lacks message_hub, optimizer;'),
])
def test_checkpoint_without_the_state_of_a_training(changes, missing):
    check_resumable(STATE)
    with pytest.raises(CheckpointError, match=missing):
        check_resumable({**STATE, **changes})
    with pytest.raises(CheckpointError, match='epoch'):
        check_resumable({})


@pytest.mark.parametrize('content', [
    {'meta': {'dataset_meta': {'classes': ('a', 'b')}}}, {'meta': {'CLASSES': ['a', 'b']}}])
def test_stored(content):
    assert stored_classes(content) == ('a', 'b')


@pytest.mark.parametrize('meta', [None, {}, {'dataset_meta': 5}, {'dataset_meta': {}}, {'CLASSES': [1, 2]},
                                  {'dataset_meta': {'classes': []}}])
def test_nothing_stored(meta):
    assert stored_classes({'meta': meta}) is None


@pytest.fixture
def model():
    """A model of two classes."""
    model = nn.Module()
    model.head = nn.Module()
    model.head.num_classes = 2
    return model


@pytest.mark.parametrize('names', [['a'], ['a', 'b', 'c']])
def test_another_number_of_class_names(names, model):
    check_class_names('x.pth', {'meta': {'CLASSES': ['a', 'b']}}, model)
    check_class_names('x.pth', {}, model)
    check_class_names('x.pth', {'meta': {'CLASSES': names}}, nn.Linear(2, 2))
    with pytest.raises(ValueError, match=rf'^x\.pth: {len(names)} .*a.* of 2 classes'):
        check_class_names('x.pth', {'meta': {'CLASSES': names}}, model)


@pytest.mark.parametrize('names', [{0: 'a', 1: 'b'}, ['a', 1], 'ab', [], 5])
def test_class_names_that_are_none(names, model):
    with pytest.raises(ValueError, match=r'^x\.pth: .*expected a list of text'):
        check_class_names('x.pth', {'meta': {'dataset_meta': {'classes': names}}}, model)


def test_many_and_strange_class_names(model):
    with pytest.raises(ValueError, match='100000 class names') as caught:
        check_class_names('x.pth', {'meta': {'CLASSES': ['a\n\x1b[31m'] * 100_000}}, model)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
