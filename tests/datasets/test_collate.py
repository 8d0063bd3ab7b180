import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.registry import FUNCTIONS, init_default_scope
from torch.utils.data import DataLoader

from emonext_mm.datasets import FER2013, SyntheticFER, collate_faces
from emonext_mm.utils.samples import name_sample
from tests.helpers.fer2013_files import make_faces, write_fer2013


def check_equal(found, expected):
    assert list(found) == list(expected)
    assert found['inputs'].dtype == expected['inputs'].dtype == torch.uint8
    assert found['inputs'].is_contiguous()
    assert torch.equal(found['inputs'], expected['inputs'])
    for mine, theirs in zip(found['data_samples'], expected['data_samples']):
        assert type(mine) is type(theirs)
        assert mine.keys() == theirs.keys()
        for key in theirs.keys():  # noqa: SIM118 (a DataSample is no dict)
            assert torch.equal(mine.get(key), theirs.get(key))
            assert mine.get(key).dtype == theirs.get(key).dtype


@pytest.mark.parametrize('options', [dict(), dict(color_type='color'), dict(split='val')])
def test_batches_are_those_of_default_collate(tmp_path, options):
    init_default_scope('mmpretrain')
    write_fer2013(tmp_path, make_faces())
    bare = FER2013(str(tmp_path), **options)
    packed = FER2013(str(tmp_path), **options, pipeline=[dict(type='PackInputs')])
    indices = range(min(5, len(bare)))
    check_equal(collate_faces([bare[i] for i in indices]), default_collate([packed[i] for i in indices]))


def test_packed_samples_are_left_to_default_collate():
    init_default_scope('mmpretrain')
    packed = SyntheticFER(3, pipeline=[dict(type='PackInputs')])
    batch = collate_faces([packed[i] for i in range(3)])
    check_equal(batch, default_collate([packed[i] for i in range(3)]))
    assert [sample.sample_idx for sample in batch['data_samples']] == [0, 1, 2]


def test_scores():
    infos = [dict(SyntheticFER(2)[i], gt_score=np.float32([0.5, 0.25, 0.25, 0, 0, 0, i])) for i in range(2)]
    scores = [sample.gt_score for sample in collate_faces(infos)['data_samples']]
    assert torch.equal(torch.stack(scores), torch.tensor([[0.5, 0.25, 0.25, 0, 0, 0, i] for i in (0, 1)]))


def test_without_labels():
    infos = [{key: value for key, value in SyntheticFER(1)[0].items() if key != 'gt_label'}]
    assert 'gt_label' not in collate_faces(infos)['data_samples'][0]


def test_a_label_can_be_set_again_as_the_preprocessor_does():
    sample, _ = collate_faces([SyntheticFER(2)[i] for i in range(2)])['data_samples']
    assert sample.set_gt_label(torch.tensor([6])).gt_label.tolist() == [6]


def test_from_a_worker_by_its_name():
    dataset = SyntheticFER(6)
    batches = list(DataLoader(dataset, 4, num_workers=1, collate_fn=FUNCTIONS.get('collate_faces')))
    assert [len(batch['inputs']) for batch in batches] == [4, 2]
    labels = [int(sample.gt_label) for batch in batches for sample in batch['data_samples']]
    assert labels == [dataset[i]['gt_label'] for i in range(6)]


def test_images_of_two_sizes():
    infos = [dict(img=np.zeros((48, 48), np.uint8)), dict(img=np.zeros((48, 40), np.uint8))]
    with pytest.raises(ValueError, match=r'images of one batch must be of one size, got \[\(48, 40\), \(48, 48\)\]'):
        collate_faces(infos)


def test_batches_name_their_samples():
    faces = SyntheticFER(5)
    batch = collate_faces([faces[i] for i in (3, 1)])
    assert [name_sample(sample, faces) for sample in batch['data_samples']] == ['train_3', 'train_1']
