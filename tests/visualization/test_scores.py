import numpy as np
import pytest
import torch

from emonext_mm.visualization.scores import GatherScores


def sample(index, label, *scores):
    return dict(sample_idx=index, gt_label=torch.tensor([label]), pred_score=torch.tensor(scores))


def test_in_the_order_of_the_data_set():
    gathered = GatherScores()
    gathered.process(None, [sample(2, 1, 0.25, 0.75)])
    gathered.process(None, [sample(0, 0, 0.5, 0.5), sample(1, 0, 1.0, 0.0)])
    assert gathered.evaluate(3) == {}
    assert gathered.labels.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(gathered.scores, [[0.5, 0.5], [1, 0], [0.25, 0.75]])


@pytest.mark.parametrize(('missing', 'message'), [
    ('gt_label', 'no gt_label'),
    ('sample_idx', 'no sample_idx: PackInputs'),
])
def test_incomplete_samples(missing, message):
    incomplete = sample(0, 1, 0.5, 0.5)
    del incomplete[missing]
    with pytest.raises(ValueError, match=message):
        GatherScores().process(None, [incomplete])
