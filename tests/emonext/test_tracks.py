import numpy as np
import pytest

from emonext.tracks import Smoother, Summary, Tracker


def box(x, side=10):
    return x, 0, x + side, side


def test_persons_keep_their_track_when_the_order_changes():
    tracker = Tracker()
    assert tracker.update([box(0), box(100)], 0.0) == [0, 1]
    assert tracker.update([box(98), box(2)], 0.1) == [1, 0]


def test_the_largest_overlap_is_matched_first():
    tracker = Tracker()
    assert tracker.update([box(0), box(6)], 0.0) == [0, 1]
    assert tracker.update([box(5), box(3)], 0.1) == [1, 0]


def test_a_gap_is_survived_for_a_second():
    tracker = Tracker()
    assert tracker.update([box(0)], 0.0) == [0]
    assert tracker.update([], 0.5) == []
    assert tracker.update([box(1)], 1.0) == [0]
    assert tracker.update([], 1.5) == []
    assert tracker.update([box(1)], 2.1) == [1]


def test_distant_frames_are_one_track():
    """A film of which each hundredth frame is read, and a slow one."""
    tracker = Tracker()
    assert [tracker.update([box(0)], 4.0 * i) for i in range(4)] == [[0]] * 4
    assert set(tracker.living) == {0}
    tracker.update([], 16.0)
    tracker.update([], 20.0)
    assert not tracker.living


def test_no_overlap_is_a_new_person():
    tracker = Tracker()
    tracker.update([box(0)], 0.0)
    assert tracker.update([box(8)], 0.1) == [1]


@pytest.mark.parametrize('times', [np.linspace(0, 2, 9), np.linspace(0, 2, 201), [0, 0.1, 0.15, 0.9, 2.0]])
def test_smoothing_depends_on_time_and_not_on_frames(times):
    """A step from one class to the other: the old one halves with each half-life."""
    smoother = Smoother(0.5)
    smoother.update(0, np.array([1.0, 0.0]), -1e-9)
    for time in times:
        found = smoother.update(0, np.array([0.0, 1.0]), time)
    np.testing.assert_allclose(found, [2**-4, 1 - 2**-4], atol=1e-6)


def test_no_smoothing_and_other_tracks():
    smoother = Smoother(0)
    smoother.update(0, np.array([1.0, 0.0]), 0.0)
    np.testing.assert_array_equal(smoother.update(0, np.array([0.25, 0.75]), 0.1), [0.25, 0.75])
    smoother = Smoother(1)
    smoother.update(0, np.array([1.0, 0.0]), 0.0)
    np.testing.assert_array_equal(smoother.update(1, np.array([0.25, 0.75]), 0.1), [0.25, 0.75])
    smoother.keep({1})
    np.testing.assert_array_equal(smoother.update(0, np.array([0.0, 1.0]), 1.05), [0.0, 1.0])


def test_shares_of_time():
    """A label counts until the next frame."""
    summary = Summary()
    for label, time in [('happy', 0.0), ('happy', 0.25), ('sad', 1.0), ('happy', 1.5), ('sad', 9.0)]:
        summary.add(7, label, time)
    found = summary.tracks[7]
    assert (found.begin, found.end) == (0.0, 9.0)
    assert found.shares() == pytest.approx({'happy': 8.5 / 9, 'sad': 0.5 / 9})
    summary.add(8, 'fear', 3.0)
    assert summary.tracks[8].shares() == {'fear': 1.0}
