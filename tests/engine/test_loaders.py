"""A test and a validation take each image once."""
from itertools import chain

import pytest
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmpretrain.datasets import RepeatAugSampler
from torch.utils.data import DataLoader

from emonext_mm.engine.loaders import check_all_images

IMAGES = range(10)


def loader(sampler=None, **options):
    return DataLoader(IMAGES, 4, sampler=sampler or DefaultSampler(IMAGES, shuffle=False), **options)


def test_each_image_once():
    check_all_images(loader(), 'test_dataloader')
    assert sorted(chain(*(batch.tolist() for batch in loader()))) == list(IMAGES)


def test_incomplete_batch():
    with pytest.raises(ValueError, match=r'val_dataloader\.drop_last'):
        check_all_images(loader(drop_last=True), 'val_dataloader')


@pytest.mark.parametrize('sampler', [RepeatAugSampler, InfiniteSampler])
def test_other_samplers(sampler):
    with pytest.raises(ValueError, match=rf'test_dataloader\.sampler\.type is {sampler.__name__}'):
        check_all_images(loader(sampler(IMAGES)), 'test_dataloader')
