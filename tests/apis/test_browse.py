"""Pictures of a data set's images: all modes, grey as grey, with and without ``PackInputs``."""
import cv2
import numpy as np
import pytest

from emonext_mm.apis.browse import browse
from emonext_mm.datasets import SyntheticFER

CONFIG = """
_base_ = 'emonext_mm::emonext_atto_synthetic.py'
steps = [dict(type='Resize', scale=(60, 60)), dict(type='ColorJitter', brightness=0.3)]
train_dataloader = dict(dataset=dict(num_samples=2, pipeline=steps), collate_fn=dict(type='collate_faces'))
val_dataloader = dict(dataset=dict(num_samples=2, pipeline=[*steps, dict(type='PackInputs')]))
test_dataloader = dict(dataset=dict(num_samples=2, color_type='color', pipeline=[dict(type='PackInputs')]))
"""


@pytest.fixture
def draw(tmp_path):
    """Return the pictures that a call draws."""
    (tmp_path / 'it.py').write_text(CONFIG)

    def call(*options):
        browse([tmp_path / 'it.py', '--not-show', '-o', tmp_path / 'drawn', *options])
        return [cv2.imread(str(path)) for path in sorted((tmp_path / 'drawn').iterdir())]

    return call


@pytest.mark.parametrize('mode', ['transformed', 'concat', 'pipeline'])
@pytest.mark.parametrize('phase', ['train', 'val', 'test'])
def test_pictures(draw, mode, phase):
    pictures = draw('-m', mode, '-p', phase)
    assert len(pictures) == 2
    for picture in pictures:
        assert min(picture.shape[:2]) > 100
        assert (np.ptp(picture.astype(int), axis=-1) < 40).mean() > 0.95  # grey: the rest is text and its edges


def test_original_as_it_is(draw):
    """MMPretrain would mirror a grey image, as it does with the channels of a colour one. A JPEG is not exact."""
    pictures = draw('-m', 'original', '-n', '1')
    face = cv2.resize(SyntheticFER(1).images[0], pictures[0].shape[1::-1]).astype(float)
    drawn = pictures[0].mean(-1)
    assert len(pictures) == 1
    assert np.corrcoef(drawn.ravel(), face.ravel())[0, 1] > np.corrcoef(drawn[:, ::-1].ravel(), face.ravel())[0, 1]
