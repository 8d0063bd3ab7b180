import numpy as np
import pytest

from emonext_mm.datasets import SyntheticFER
from emonext_mm.evaluation.comparison.report import Side
from emonext_mm.visualization.differences import draw_differences, most_different
from tests.helpers.made_runs import make_run

# The true class' probability: 0.9 and 0.2, 0.9 and 0.8, 0.1 and 0.6, the same, 0.05 and 0.7.
A = Side('A', [make_run([0, 1, 2, 0, 1], [0, 1, 0, 0, 0], confidence=[0.9, 0.9, 0.8, 0.7, 0.9])])
B = Side('B', [make_run([0, 1, 2, 0, 1], [1, 1, 2, 0, 1], confidence=[0.6, 0.8, 0.6, 0.7, 0.7])])
PLACES = np.array([4, 3, 2, 1, 0])


@pytest.fixture
def faces():
    return SyntheticFER(5)


def test_images_and_captions(faces):
    figure = draw_differences(faces, PLACES, A, B)
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_xlabel() for axes in drawn] == [
        'sad 0.05 → 0.70\nA: happy 0.90\nB: sad 0.70',
        'neutral 0.10 → 0.60\nA: happy 0.80\nB: neutral 0.60',
        'happy 0.90 → 0.20\nA: happy 0.90\nB: sad 0.60',
        'sad 0.90 → 0.80\nA: sad 0.90\nB: sad 0.80',
    ]
    for axes, place in zip(drawn, (0, 2, 4, 3)):
        np.testing.assert_array_equal(axes.images[0].get_array(), faces.images[place])
    assert figure.get_suptitle() == (
        'Probability of the true class, A → B: the 2 that rise most, then the 2 that fall most')


def test_several_runs_are_averaged(faces):
    both = Side('B', [*A.runs, *B.runs])
    figure = draw_differences(faces, PLACES, A, both)
    assert figure.axes[0].get_xlabel() == 'sad 0.05 → 0.38\nA: happy 0.90\nB: happy 0.53'
    assert 'A → B, means of 1 and 2 runs: ' in figure.get_suptitle()


def test_most_different():
    assert most_different(np.array([0.1, -0.3, 0, 0.5, -0.1, 0.2]), each=2) == [3, 5, 1, 4]
    assert most_different(np.zeros(4)) == []
    assert most_different(np.linspace(-1, 1, 101)) == [*range(100, 84, -1), *range(16)]


def test_missing_image(tmp_path, monkeypatch, faces):
    monkeypatch.setattr(faces, 'get_data_info', lambda place: dict(img_path=str(tmp_path / 'gone.jpg')))
    with pytest.raises(FileNotFoundError, match=r'gone\.jpg'):
        draw_differences(faces, PLACES, A, B)
