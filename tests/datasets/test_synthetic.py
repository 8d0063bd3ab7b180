"""SyntheticFER: drawn faces that depend only on (seed, split, index), and differ by class."""

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler, default_collate, pseudo_collate
from mmpretrain.registry import DATASETS
from torch.utils.data import DataLoader

from emonext_mm.datasets.drawn_face import draw_face
from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.emotions import CLASSES

PIPELINE = [
    {'type': 'RandomFlip', 'prob': 0.5},
    {'type': 'Rotate', 'angle': 10.0, 'prob': 1.0},
    {'type': 'Resize', 'scale': 64},
    {'type': 'PackInputs', 'meta_keys': ('sample_id', 'sample_idx', 'ori_shape', 'img_shape')},
]


@pytest.fixture(scope='module')
def dataset() -> SyntheticFER:
    return SyntheticFER(140)


# Smoke


def test_built_from_a_config():
    built = DATASETS.build({'type': 'SyntheticFER', 'num_samples': 8, 'split': 'val', 'seed': 3})
    assert built.CLASSES == CLASSES == ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')
    assert 'Number of samples: \t8' in repr(built)
    assert 'Split: \tval' in repr(built)


@pytest.mark.parametrize('num_workers', [0, 2])
def test_pipeline_and_loader(num_workers):
    dataset = SyntheticFER(20, pipeline=PIPELINE, color_type='color')
    loader = DataLoader(dataset, 8, num_workers=num_workers, collate_fn=pseudo_collate)
    batches = list(loader)
    inputs = torch.stack([image for batch in batches for image in batch['inputs']])
    samples = [sample for batch in batches for sample in batch['data_samples']]
    assert inputs.shape == (20, 3, 64, 64)
    assert inputs.dtype == torch.uint8
    assert [sample.sample_id for sample in samples] == [f'train_{i}' for i in range(20)]
    assert [int(sample.gt_label) for sample in samples] == [i % 7 for i in range(20)]


# Exceptions


@pytest.mark.parametrize('num_samples', [0, -7, 2.5, None])
def test_bad_num_samples(num_samples):
    with pytest.raises(ValueError, match=f'num_samples must be a positive whole number, got {num_samples}'):
        SyntheticFER(num_samples)


def test_bad_split():
    with pytest.raises(ValueError, match=r"split must be one of \('train', 'val', 'test'\), got 'training'"):
        SyntheticFER(7, split='training')


def test_bad_color_type():
    with pytest.raises(ValueError, match="color_type must be 'grayscale' or 'color', got 'rgb'"):
        SyntheticFER(7, color_type='rgb')


def test_unknown_argument():
    with pytest.raises(TypeError, match='rotation'):
        SyntheticFER(7, rotation=10)


# Cardinality


def test_sample(dataset):
    sample = dataset[17]
    assert sorted(sample) == ['gt_label', 'img', 'img_shape', 'ori_shape', 'sample_id', 'sample_idx']
    assert sample['img'].shape == sample['img_shape'] == sample['ori_shape'] == (48, 48)
    assert sample['img'].dtype == np.uint8
    assert type(sample['gt_label']) is int
    assert (sample['gt_label'], sample['sample_id'], sample['sample_idx']) == (3, 'train_17', 17)
    assert dataset[-1]['sample_idx'] == 139


def test_color_is_grey_in_three_channels(dataset):
    sample = SyntheticFER(3, color_type='color')[2]
    assert sample['img'].shape == (48, 48, 3)
    assert sample['img_shape'] == (48, 48)
    assert (sample['img'] == dataset.images[2][..., None]).all()


def test_images_and_labels(dataset):
    assert (dataset.images.shape, dataset.images.dtype) == ((140, 48, 48), np.uint8)
    assert (dataset.labels.shape, dataset.labels.dtype) == ((140,), np.int64)


def test_classes_are_balanced(dataset):
    assert np.bincount(dataset.labels).tolist() == [20] * 7
    assert np.ptp(np.bincount(dataset.labels[:100])) == 1
    assert (dataset.get_gt_labels() == dataset.labels).all()
    assert [dataset.get_cat_ids(i) for i in range(9)] == [[label] for label in dataset.labels[:9]]


# MMEngine's interface of a data set


def test_lazy_init_draws_on_first_use(dataset):
    lazy = SyntheticFER(4, lazy_init=True)
    assert not hasattr(lazy, '_drawn')
    assert lazy.metainfo['classes'] == CLASSES
    assert (lazy.images == dataset.images[:4]).all()


@pytest.mark.parametrize(('indices', 'kept'), [(3, [0, 1, 2]), (-2, [12, 13]), ([3, 0, 11], [3, 0, 11])])
def test_indices_keep_images_labels_and_samples_together(dataset, indices, kept):
    expected = np.array(kept)
    for part in (SyntheticFER(14, indices=indices), SyntheticFER(14).get_subset(indices)):
        assert len(part) == len(expected)
        assert (part.images == dataset.images[expected]).all()
        assert (part.labels == expected % 7).all()
        assert [part[i]['sample_id'] for i in range(len(part))] == [f'train_{i}' for i in expected]
        assert all((part[i]['img'] == part.images[i]).all() for i in range(len(part)))


def test_a_sample_may_be_written_to(dataset):
    before = dataset.images
    dataset[3]['img'][:] = 0
    dataset.images[:] = 0
    assert (dataset.images == before).all()


def test_sampler_and_default_collate(dataset):
    sampler = DefaultSampler(dataset, shuffle=False)
    loader = DataLoader(dataset, 7, sampler=sampler, collate_fn=default_collate)
    assert next(iter(loader))['gt_label'].tolist() == list(range(7))


# Determinism


def test_independent_of_the_number_of_samples(dataset):
    assert (SyntheticFER(10).images == dataset.images[:10]).all()


def test_independent_of_the_order_of_calls(dataset):
    for i in (9, 2, 33):
        expected = draw_face(i % 7, np.random.default_rng([0, 0, i]))
        assert (expected == dataset.images[i]).all()


def test_splits_and_seeds_share_no_face(dataset):
    others = [SyntheticFER(70, split='val'), SyntheticFER(70, split='test'), SyntheticFER(70, seed=1)]
    faces = [image.tobytes() for part in (dataset, *others) for image in part.images]
    assert len(set(faces)) == len(faces) == 350


# The drawing


def test_nuisance_outweighs_the_expression(dataset):
    """Pixel by pixel, faces of one class differ more than the means of the classes do."""
    images, labels = dataset.images.astype(float), dataset.labels
    means = np.stack([images[labels == label].mean(0) for label in range(7)])
    within = np.mean([images[labels == label].var(0).mean() for label in range(7)])
    assert within > 10 * means.var(0).mean()


def test_light_contrast_and_background_vary(dataset):
    images = dataset.images.astype(float)
    assert images.mean((1, 2)).std() > 15
    assert images.std((1, 2)).std() > 8
    assert images[:, 0, 0].std() > 30


def test_no_image_is_blank(dataset):
    assert dataset.images.std((1, 2)).min() > 5
