from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmpretrain.structures import DataSample

from emonext_mm.datasets import SyntheticFER
from emonext_mm.utils.samples import check_scores, name_sample, sample_ids, samples_of


def sample(**metainfo):
    return DataSample(metainfo=metainfo)


def test_names():
    faces = SyntheticFER(3, split='val')
    assert name_sample(sample(sample_idx=2), faces) == 'val_2'
    assert name_sample(sample(sample_idx=2), RepeatDataset(faces, 2)) == 'val_2'
    assert name_sample(sample(sample_idx=2, img_path='a/b.png'), faces) == 'a/b.png'
    for dataset in (None, ConcatDataset([faces, faces])):
        assert '2' in name_sample(sample(sample_idx=2), dataset)


def test_distinct_names():
    one, two = SyntheticFER(2, split='val'), SyntheticFER(1, split='val')
    assert sample_ids(one) == ['val_0', 'val_1']
    assert sample_ids(ConcatDataset([one, two])) == ['val_0@0', 'val_1', 'val_0@2']


def test_samples_of_a_batch():
    batch = [sample(sample_idx=2), sample()]
    assert samples_of({'inputs': None, 'data_samples': batch}) == batch
    for other in ({'inputs': None}, [1, 2], None, {'data_samples': [None]}):
        assert samples_of(other) == []


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
def test_scores_that_are_not_finite(bad):
    faces = SyntheticFER(3, split='val')
    batch = [sample(sample_idx=i).set_pred_score(torch.eye(7)[i]) for i in range(3)]
    check_scores(batch, faces)
    check_scores([*batch, SimpleNamespace(), sample()])
    batch[1].pred_score[3] = bad
    with pytest.raises(FloatingPointError, match=f'val_1 .*: 0, 1, 0, {bad}, 0'):
        check_scores(batch, faces)
    with pytest.raises(FloatingPointError, match='index 1'):
        check_scores([each.to_dict() for each in batch])
