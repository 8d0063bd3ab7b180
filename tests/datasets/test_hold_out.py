import numpy as np
import pytest

from emonext_mm.datasets.hold_out import draw_held_out

LABELS = np.array([0] * 100 + [1] * 10 + [2] * 2 + [6])


@pytest.mark.parametrize(('share', 'counts'), [(0.1, [10, 1, 1, 0]), (0.5, [50, 5, 1, 0]), (1e-9, [1, 1, 1, 0]),
                                               (0.999, [99, 9, 1, 0])])
def test_share_of_each_class(share, counts):
    for seed in range(5):
        held = draw_held_out(LABELS, share, seed)
        assert [int(held[np.equal(LABELS, label)].sum()) for label in (0, 1, 2, 6)] == counts


def test_choice_depends_on_the_seed_alone():
    first, again = draw_held_out(LABELS, 0.1, 3), draw_held_out(LABELS, 0.1, 3)
    np.testing.assert_array_equal(again, first)
    drawn = np.array([draw_held_out(LABELS, 0.1, seed)[:100] for seed in range(400)])
    assert np.abs(drawn.mean(axis=0) - 0.1).max() < 0.06  # four standard deviations


def test_nothing_to_choose_from():
    assert draw_held_out(np.array([], np.int64), 0.1, 0).tolist() == []
