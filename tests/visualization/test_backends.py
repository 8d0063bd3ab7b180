from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from mmengine.visualization import Visualizer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from emonext_mm.visualization.backends import kept_open, save_and_log

BACKENDS = [dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')]


def make_figure():
    figure = Figure(figsize=(3, 2), layout='constrained')
    figure.subplots().plot([1, 2], color='red')
    return figure


@pytest.fixture
def visualizer(tmp_path):
    return Visualizer(vis_backends=[dict(each) for each in BACKENDS], save_dir=str(tmp_path))


def images_of(tmp_path):
    events = EventAccumulator(str(tmp_path / 'vis_data')).Reload()
    return {tag: [cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
                  for image in events.Images(tag)] for tag in events.Tags()['images']}


def test_file_and_tensorboard_hold_the_same_picture(tmp_path, visualizer):
    with kept_open(visualizer):
        save_and_log(make_figure(), tmp_path / 'pictures' / 'red.png', visualizer)
    written = cv2.imread(str(tmp_path / 'pictures' / 'red.png'))
    assert written.shape == (240, 360, 3)
    assert (written == (0, 0, 255)).all(-1).sum() > 100  # BGR
    images = images_of(tmp_path)
    assert list(images) == ['red']
    np.testing.assert_array_equal(images['red'], [written])
    assert len(list(tmp_path.rglob('*.png'))) == 1  # LocalVisBackend would write another


def test_note_stands_below(tmp_path, visualizer):
    figure = make_figure()
    save_and_log(figure, tmp_path / 'red.png', visualizer, 'epoch 7, EMA weights')
    assert figure.get_supxlabel() == 'epoch 7, EMA weights'
    visualizer.close()


def test_file_that_cannot_be_written(tmp_path, visualizer):
    (tmp_path / 'taken').write_text('')
    with pytest.raises(OSError, match='taken'):
        save_and_log(make_figure(), tmp_path / 'taken' / 'red.png', visualizer)
    assert [path.name for path in tmp_path.iterdir()] == ['taken']


class Backend:
    closed = 0

    def close(self):
        self.closed += 1


def test_kept_open():
    """Whoever closes meanwhile does not; at the end, and after an error, they are closed once."""
    visualizer, backend = Visualizer(), Backend()
    visualizer._vis_backends = dict(it=backend)
    with kept_open(visualizer):
        visualizer.close()
        assert backend.closed == 0
    assert backend.closed == 1
    visualizer.close()
    assert backend.closed == 2
    with pytest.raises(KeyError), kept_open(visualizer):
        raise KeyError
    assert backend.closed == 3


def test_backends_of_other_kinds_get_it_too(tmp_path):
    got = {}
    backend = SimpleNamespace(add_image=lambda name, image: got.update({name: image}))
    save_and_log(make_figure(), tmp_path / 'red.png', SimpleNamespace(_vis_backends=dict(wandb=backend)))
    np.testing.assert_array_equal(got['red'][..., ::-1], cv2.imread(str(tmp_path / 'red.png')))
