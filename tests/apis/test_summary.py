from types import SimpleNamespace

import cv2
import pytest
import torch
from matplotlib import pyplot
from mmengine.visualization import Visualizer
from mmpretrain.models import AverageClsScoreTTA, build_classifier

from emonext_mm.apis.summary import summarize_test

COUNTS = torch.tensor([[8, 2, 0], [1, 0, 3], [0, 0, 0]])
CLASSES = ('angry', 'happy', 'sad')
WIDTH, HEIGHT = 32, 24
NORM = dict(mean=[127.0] * 3, std=[64.0] * 3)


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
    return SimpleNamespace(model=model, test_dataloader=loader, work_dir=str(work_dir), _load_from='it.pth',
                           visualizer=Visualizer())


CONDITIONS = dict(config='it', epoch=4, weights='EMA', dataset=dict(type='Faces'), split='val', samples=12, clean=9,
                  views=1, transform=None, merge=None)
HEAD = ['', 'Tested 12 images of Faces, val; 9 of them have no copy in training',
        'conditions       it, epoch 4, EMA weights, single view',
        'accuracy         61.23 %', 'macro-F1         54.32 %', 'checkpoint       it.pth']


def test_summary(tmp_path):
    lines = summarize_test(make_runner(tmp_path), METRICS, CONDITIONS).split('\n')
    pictures = tmp_path / 'confusion_matrix.png', tmp_path / 'stn_faces.png'
    assert lines == [*HEAD, f'confusion matrix {pictures[0]}', f'STN, in and out  {pictures[1]}']
    assert all(min(cv2.imread(str(picture)).shape[:2]) > 100 for picture in pictures)
    assert not pyplot.get_fignums()


TEN_CROP = dict(views=2, transform='TenCrop', merge='AverageClsScoreTTA')


@pytest.mark.parametrize(('kwargs', 'conditions'), [(dict(localization_size=None), {}), (dict(views=2), TEN_CROP)],
                         ids=['without STN', 'TTA'])
def test_summary_without_stn_picture(tmp_path, kwargs, conditions):
    lines = summarize_test(make_runner(tmp_path, **kwargs), METRICS, {**CONDITIONS, **conditions}).split('\n')
    assert [*lines[:2], *lines[3:]] == [*HEAD[:2], *HEAD[3:], f'confusion matrix {tmp_path / "confusion_matrix.png"}']
    assert not (tmp_path / 'stn_faces.png').exists()


def test_pictures_go_to_the_backends(tmp_path):
    """With the conditions on them: those of another epoch look another way."""
    runner, got = make_runner(tmp_path), {}
    runner.visualizer._vis_backends['it'] = SimpleNamespace(add_image=lambda name, image: got.update({name: image}))
    summarize_test(runner, METRICS, CONDITIONS)
    assert list(got) == ['confusion_matrix', 'stn_faces']
    for name, image in got.items():
        assert (image[..., ::-1] == cv2.imread(str(tmp_path / f'{name}.png'))).all()
    before = dict(got)
    summarize_test(runner, METRICS, {**CONDITIONS, 'epoch': 5})
    assert all((got[name] != before[name]).any() for name in got)


def test_summary_of_what_was_measured(tmp_path):
    lines = summarize_test(make_runner(tmp_path, localization_size=None), {}, CONDITIONS).split('\n')
    assert lines == [*HEAD[:3], HEAD[-1]]


def test_summary_with_intervals(tmp_path):
    """Both accuracies come with theirs."""
    metrics = {f'{name}/{key}': value for name, accuracy in (('accuracy', 'top1'), ('clean', 'accuracy'))
               for key, value in {accuracy: 50.0, 'ci95_low': 40.004, 'ci95_high': 60.0}.items()}
    lines = summarize_test(make_runner(tmp_path, localization_size=None), metrics, CONDITIONS).split('\n')
    assert lines[3:5] == ['accuracy         50.00 % (95 % interval 40.00 to 60.00)',
                          'on clean images  50.00 % (95 % interval 40.00 to 60.00)']
