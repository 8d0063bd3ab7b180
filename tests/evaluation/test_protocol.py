import pytest
from mmengine.config import Config

from emonext_mm.evaluation.protocol import check_protocol

TRAIN, VAL, TEST = (dict(type='FER2013', split=split) for split in ('train', 'val', 'test'))


def check(train, val):
    loaders = dict(train_dataloader=dict(dataset=train), test_dataloader=dict(dataset=TEST))
    check_protocol(Config(dict(**loaders, **({} if val is None else dict(val_dataloader=dict(dataset=val))))))


@pytest.mark.parametrize(('train', 'val'), [
    (TRAIN, VAL),
    (dict(type='ConcatDataset', datasets=[TRAIN, VAL]), None),
    (dict(type='ImageNet', split='val'), dict(type='ImageNet', split='val')),
])
def test_allowed(train, val):
    check(train, val)


@pytest.mark.parametrize(('train', 'val', 'message'), [
    (TRAIN, TEST, r'val_dataloader holds the split test \(PrivateTest\)'),
    (TRAIN, dict(type='ConcatDataset', datasets=[VAL, TEST]), 'val_dataloader holds the split test'),
    (dict(type='RepeatDataset', times=2, dataset=TEST), VAL, 'train_dataloader holds the split test'),
    (dict(type='ConcatDataset', datasets=[TRAIN, VAL]), VAL, 'both hold the split val'),
    (TRAIN, dict(type='FER2013'), 'both hold the split train'),  # its default
    (dict(type='SyntheticFER', split='train'), dict(type='SyntheticFER', split='test'), 'holds the split test'),
])
def test_refused(train, val, message):
    with pytest.raises(ValueError, match=message):
        check(train, val)
