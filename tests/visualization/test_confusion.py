import numpy as np
import torch

from emonext_mm.visualization.confusion import draw_confusion_matrix

COUNTS = torch.tensor([[8, 2, 0], [1, 0, 3], [0, 0, 0]])
CLASSES = ('angry', 'happy', 'sad')


def test_confusion_matrix_shows_counts_and_shares():
    axes, color_bar = draw_confusion_matrix(COUNTS, CLASSES).axes
    percent = [['80', '20', '0'], ['25', '0', '75'], ['0', '0', '0']]
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (column, row): f'{COUNTS[row, column]}\n{percent[row][column]} %' for row in range(3) for column in range(3)}
    shares = [[0.8, 0.2, 0], [0.25, 0, 0.75], [0, 0, 0]]
    np.testing.assert_allclose(axes.images[0].get_array(), shares, rtol=1e-6)
    assert axes.images[0].get_clim() == (0, 1)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CLASSES)
    assert [label.get_text() for label in axes.get_yticklabels()] == ['angry (10)', 'happy (4)', 'sad (0)']
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('predicted', 'true')
    assert axes.get_title().startswith('8 of 14')
    assert '57.14 %' in axes.get_title()
    assert color_bar.get_ylabel() == 'share of the true class'


def test_confusion_matrix_stays_readable_on_dark_cells():
    axes, _ = draw_confusion_matrix(COUNTS, CLASSES).axes
    assert [text.get_color() for text in axes.texts[:2]] == ['white', 'black']


def test_confusion_matrix_of_nothing():
    title = draw_confusion_matrix(torch.zeros(3, 3, dtype=int), CLASSES).axes[0].get_title()
    assert title.startswith('0 of 0')
    assert '0.00 %' in title
