from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from mmpretrain.models import AverageClsScoreTTA, build_classifier

from emonext_mm.apis.summary import draw_confusion_matrix, draw_stn, summarize_test
from emonext_mm.models import STNDataPreprocessor

COUNTS = torch.tensor([[8, 2, 0], [1, 0, 3], [0, 0, 0]])
CLASSES = ('angry', 'happy', 'sad')
WIDTH, HEIGHT = 32, 24
NORM = dict(mean=[127.0] * 3, std=[64.0] * 3)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close('all')


class Faces:
    """Twelve faces, a constant grey each."""

    split = 'val'

    def __init__(self, views=1):
        self.metainfo = dict(classes=CLASSES)
        self.views = views

    def __len__(self):
        return 12

    def __getitem__(self, index):
        view = torch.full((1, HEIGHT, WIDTH), 20 * index, dtype=torch.uint8)
        return dict(inputs=view if self.views == 1 else [view] * self.views)


def make_stn(theta, **kwargs):
    """An STN that answers the same theta to every image."""
    stn = STNDataPreprocessor(24, **NORM, **kwargs)
    stn.localization.regressor[-1].bias.data = torch.tensor(theta)
    return stn


IDENTITY = [1.0, 0, 0, 0, 1, 0]


def test_confusion_matrix_shows_counts_and_shares():
    axes, colours = draw_confusion_matrix(COUNTS, CLASSES).axes
    counts = {text.get_position(): text.get_text() for text in axes.texts}
    assert counts == {(column, row): str(COUNTS[row, column].item()) for row in range(3) for column in range(3)}
    shares = [[0.8, 0.2, 0], [0.25, 0, 0.75], [0, 0, 0]]
    np.testing.assert_allclose(axes.images[0].get_array(), shares, rtol=1e-6)
    assert axes.images[0].get_clim() == (0, 1)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(CLASSES)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(CLASSES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('predicted', 'true')
    assert colours.get_ylabel() == 'share of the true class'


def test_confusion_matrix_stays_readable_on_dark_cells():
    axes, _ = draw_confusion_matrix(COUNTS, CLASSES).axes
    assert [text.get_color() for text in axes.texts[:2]] == ['white', 'black']


# Pixels have their centres at whole numbers: the image reaches from -0.5 to 31.5 and from -0.5 to 23.5.
@pytest.mark.parametrize(('theta', 'align_corners', 'left', 'right', 'top', 'bottom'), [
    (IDENTITY, False, -0.5, 31.5, -0.5, 23.5),
    (IDENTITY, True, 0, 31, 0, 23),
    ([0.5, 0, 0, 0, 0.5, 0], False, 7.5, 23.5, 5.5, 17.5),
    ([0.5, 0, 0.25, 0, 0.5, -0.5], False, 11.5, 27.5, -0.5, 11.5),
    ([0.5, 0, 0.25, 0, 0.5, -0.5], True, 11.625, 27.125, 0, 11.5),
])
def test_frame_is_what_the_stn_samples(theta, align_corners, left, right, top, bottom):
    figure = draw_stn(make_stn(theta, align_corners=align_corners), Faces(), count=3)
    for axes in figure.axes[:3]:
        frame = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        np.testing.assert_allclose(axes.lines[0].get_xydata(), frame, atol=1e-4)


def test_frame_turns_with_theta():
    """Output right is input down: the first corner of the frame is the image's top right one."""
    figure = draw_stn(make_stn([0.0, -1, 0, 1, 0, 0]), Faces(), count=1)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xydata()[:2], [(31.5, -0.5), (31.5, 23.5)], atol=1e-4)


def test_faces_before_and_after_the_stn():
    """Scaled by 2, the faces fill the middle half of what comes out, and zeros of the normalised image the rest."""
    figure = draw_stn(make_stn([2.0, 0, 0, 0, 2, 0]), Faces(), count=3)
    assert len(figure.axes) == 6
    for axes, value in zip(figure.axes, (0, 100, 220)):  # the first, the middle and the last
        assert np.unique(axes.images[0].get_array()) == [value]
    after = figure.axes[5].images[0].get_array()
    assert after.shape == (HEIGHT, WIDTH, 3)
    assert (after[7:17, 9:23] == 220).all()
    assert (after[:5] == 127).all()
    assert (after[:, :7] == 127).all()


def test_fewer_faces_than_asked_for():
    assert len(draw_stn(make_stn(IDENTITY), Faces(), count=20).axes) == 2 * 12


def test_no_stn_picture_of_several_views():
    assert draw_stn(make_stn(IDENTITY), Faces(views=2)) is None


METRICS = {'accuracy/top1': 61.234, 'single-label/f1-score': 54.321, 'confusion_matrix/result': COUNTS}


def make_runner(work_dir, localization_size=24, views=1):
    model = build_classifier(
        dict(type='ImageClassifier',
             data_preprocessor=dict(type='STNDataPreprocessor', localization_size=localization_size, **NORM),
             backbone=dict(type='EmoNeXt', arch=dict(depths=[1] * 4, channels=[16] * 4)),
             head=dict(type='SARegClsHead', num_classes=3, in_channels=16)))
    if views > 1:
        model = AverageClsScoreTTA(model)
    loader = SimpleNamespace(dataset=Faces(views))
    return SimpleNamespace(model=model, test_dataloader=loader, work_dir=str(work_dir), _load_from='it.pth')


HEAD = ['', 'Tested 12 images of Faces, split val', 'accuracy         61.23 %', 'macro-F1         54.32 %',
        'checkpoint       it.pth']


def test_summary(tmp_path):
    lines = summarize_test(make_runner(tmp_path), METRICS).split('\n')
    pictures = tmp_path / 'confusion_matrix.png', tmp_path / 'stn_faces.png'
    assert lines == [*HEAD, f'confusion matrix {pictures[0]}', f'STN, in and out  {pictures[1]}']
    assert all(min(cv2.imread(str(picture)).shape[:2]) > 100 for picture in pictures)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize('kwargs', [dict(localization_size=None), dict(views=2)], ids=['without STN', 'TTA'])
def test_summary_without_stn_picture(tmp_path, kwargs):
    lines = summarize_test(make_runner(tmp_path, **kwargs), METRICS).split('\n')
    assert lines == [*HEAD, f'confusion matrix {tmp_path / "confusion_matrix.png"}']
    assert not (tmp_path / 'stn_faces.png').exists()


def test_summary_of_what_was_measured(tmp_path):
    lines = summarize_test(make_runner(tmp_path, localization_size=None), {}).split('\n')
    assert lines == [HEAD[0], HEAD[1], HEAD[4]]
