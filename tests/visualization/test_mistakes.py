import numpy as np
import pytest

from emonext_mm.datasets import SyntheticFER
from emonext_mm.visualization.mistakes import confident_mistakes, draw_mistakes

#                    right       0 -> 1      0 -> 1       1 -> 0      0 -> 1, a tie   right
SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.05, 0.95], [0.7, 0.3], [0.3, 0.7], [0.01, 0.99]])
LABELS = np.array([0, 0, 0, 1, 0, 1])


@pytest.mark.parametrize(('count', 'per_class', 'indices'), [
    (9, 9, [2, 1, 3, 4]),
    (2, 9, [2, 1]),
    (9, 2, [2, 1, 3]),
    (9, 1, [2, 3]),
    (1, 1, [2]),
])
def test_most_confident_first(count, per_class, indices):
    assert confident_mistakes(LABELS, SCORES, count, per_class).tolist() == indices


def test_no_mistakes():
    labels = SCORES.argmax(1)
    assert confident_mistakes(labels, SCORES, 9, 9).tolist() == []
    title = draw_mistakes(SyntheticFER(6), labels, np.pad(SCORES, [(0, 0), (0, 5)])).get_suptitle()
    assert title.startswith('The 0 most confident of 0 mistakes on 6 images')


def test_against_a_search_of_all():
    """A mistake is left out only if there are enough more confident ones, of its class or of all classes."""
    generator = np.random.default_rng(0)
    scores, labels = generator.dirichlet(np.ones(7), 300), generator.integers(7, size=300)
    chosen = confident_mistakes(labels, scores, 20, 4).tolist()
    mistakes = [index for index in range(300) if scores[index].argmax() != labels[index]]
    assert len(chosen) == 20
    assert set(chosen) <= set(mistakes)
    confidence = scores.max(1)
    assert confidence[chosen].tolist() == sorted(confidence[chosen], reverse=True)
    for index in set(mistakes) - set(chosen):
        better = [other for other in chosen if confidence[other] > confidence[index]]
        assert len(better) == 20 or sum(labels[other] == labels[index] for other in better) == 4


def test_figure():
    faces = SyntheticFER(6)
    scores = np.pad(SCORES, [(0, 0), (0, 5)])
    labels = np.array([0, 0, 0, 1, 0, 1])
    figure = draw_mistakes(faces, labels, scores, per_class=2)
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_xlabel() for axes in drawn] == [
        'angry → disgust\n95.0 %\ntrain_2', 'angry → disgust\n80.0 %\ntrain_1', 'disgust → angry\n70.0 %\ntrain_3']
    for axes, index in zip(drawn, (2, 1, 3)):
        np.testing.assert_array_equal(axes.images[0].get_array(), faces.images[index])
    assert [int(word) for word in figure.get_suptitle().split() if word.isdigit()] == [3, 4, 6, 2]


def test_truncated_sample_ids_keep_their_end():
    class Files(SyntheticFER):
        def get_data_info(self, idx):
            return {**super().get_data_info(idx), 'sample_id': f'some/folder/of/images/face_{idx}.png'}

    figure = draw_mistakes(Files(6), LABELS, np.pad(SCORES, [(0, 0), (0, 5)]))
    name = figure.axes[0].get_xlabel().split('\n')[2]
    assert name == '…images/face_2.png'
