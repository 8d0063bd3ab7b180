import pytest
import torch
from mmpretrain.structures import DataSample

from emonext_mm.evaluation.rounding import RoundingCost, measure_rounding


def sample(value, label):
    return dict(inputs=torch.full((1, 2, 2), value), data_samples=DataSample().set_gt_label(label))


def threshold(level):
    return lambda images: torch.nn.functional.one_hot((images[:, 0, 0, 0] > level).long(), 2).float()


def test_accuracies_and_changed_labels():
    """Labels by a threshold at 4; of ten values one changes between the thresholds 4 and 5."""
    dataset = [sample(value, int(value > 4)) for value in range(10)]
    assert measure_rounding(dataset, threshold(4), threshold(5)) == RoundingCost(10, 100.0, 90.0, 1)


def test_part_of_a_large_data_set():
    dataset = [sample(value, 0) for value in range(2001)]
    found = measure_rounding(dataset, threshold(-1), threshold(1000), most=201)
    assert found == RoundingCost(201, 0.0, 100 * 101 / 201, 101)


def test_no_data():
    with pytest.raises(ValueError, match='empty'):
        measure_rounding([], threshold(0), threshold(0))
