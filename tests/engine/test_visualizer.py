import json

import numpy as np
import pytest
import torch
from mmpretrain.registry import VISUALIZERS
from mmpretrain.visualization import UniversalVisualizer

from emonext_mm.engine import GreyVisualizer

GREY = np.linspace(0, 255, 64).astype(np.uint8).reshape(8, 8).repeat(8, 0).repeat(8, 1)


def drawn(visualizer, image):
    visualizer.set_image(image)
    return visualizer.get_image().astype(int)


@pytest.mark.parametrize('image', [GREY, GREY[..., None]], ids=['H-W', 'H-W-1'])
def test_grey_is_drawn_in_grey(image):
    pixels = drawn(GreyVisualizer(), image)
    assert (pixels == pixels[..., :1]).all()
    assert abs(pixels.mean() - GREY.mean()) < 8
    assert pixels.min() < 10
    assert pixels.max() > 245


def test_mmpretrain_draws_grey_in_colours():
    """As long as this holds, ``GreyVisualizer`` is needed."""
    pixels = drawn(UniversalVisualizer(), GREY[..., None])
    assert (pixels[..., 0] != pixels[..., 2]).any()


def test_colours_are_kept():
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 0] = 200
    np.testing.assert_array_equal(drawn(GreyVisualizer(), image), drawn(UniversalVisualizer(), image))


def test_caller_keeps_its_image():
    image = GREY[..., None].copy()
    drawn(GreyVisualizer(), image)
    np.testing.assert_array_equal(image, GREY[..., None])


def test_registered():
    assert isinstance(VISUALIZERS.build(dict(type='GreyVisualizer', name='test_registered')), GreyVisualizer)


def test_only_finite_numbers_are_recorded(tmp_path):
    visualizer = GreyVisualizer(name='finite', vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    visualizer.add_scalars({'loss': 1.5, 'grad_norm': float('inf'), 'lr': 0.1}, step=1)
    visualizer.add_scalars({'loss': float('nan'), 'lr': 0.1}, step=2)
    visualizer.add_scalars({'accuracy/top1': 50.0, 'b': torch.tensor(torch.nan)}, step=3)
    visualizer.add_scalar('lr', float('nan'), step=4)
    visualizer.add_scalar('lr', 0.2, step=5)
    path, = tmp_path.rglob('scalars.json')
    lines = [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]
    assert [line['step'] for line in lines] == [1, 3, 5]
    assert [set(line) - {'step'} for line in lines] == [{'loss', 'lr'}, {'accuracy/top1'}, {'lr'}]
