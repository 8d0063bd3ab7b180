import pytest
import torch
from mmpretrain.engine import VisualizationHook
from mmpretrain.registry import HOOKS
from mmpretrain.structures import DataSample
from mmpretrain.visualization import UniversalVisualizer

from emonext_mm.engine import FirstViewVisualizationHook

IMAGES = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
SAMPLES = [DataSample().set_gt_label(0).set_pred_label(0) for _ in IMAGES]


@pytest.fixture
def drawn(monkeypatch, request):
    """Images that reach the visualizer, (H, W, C), by name."""
    images = {}
    visualizer = UniversalVisualizer.get_instance(request.node.name)  # the newest instance is the current one
    monkeypatch.setattr(visualizer, 'visualize_cls', lambda image, name, **_: images.update({name: image}))
    return images


def draw(hook, inputs):
    hook.after_test_iter(None, 0, dict(inputs=inputs), SAMPLES)


@pytest.mark.parametrize('inputs', [
    [IMAGES + 10, IMAGES + 20, IMAGES + 30],  # three views of both images
    (IMAGES + 10, IMAGES + 20),
    IMAGES + 10,
    list(IMAGES + 10),
], ids=['views', 'tuple of views', 'batch', 'list of images'])
def test_the_first_view_of_each_image_is_drawn(drawn, inputs):
    draw(FirstViewVisualizationHook(enable=True, interval=1), inputs)
    assert list(drawn) == ['0', '1']
    assert all(image.shape == (8, 8, 1) and (image == 10).all() for image in drawn.values())


def test_interval(drawn):
    draw(FirstViewVisualizationHook(enable=True, interval=2), [IMAGES, IMAGES])
    assert list(drawn) == ['0']


def test_disabled(drawn):
    draw(FirstViewVisualizationHook(), [IMAGES, IMAGES])
    assert not drawn


def test_caller_keeps_its_batch(drawn):
    batch = dict(inputs=[IMAGES, IMAGES])
    FirstViewVisualizationHook(enable=True, interval=1).after_test_iter(None, 0, batch, SAMPLES)
    assert len(batch['inputs']) == 2


def test_mmpretrain_cannot_draw_views(drawn):
    """As long as this holds, ``FirstViewVisualizationHook`` is needed."""
    with pytest.raises(RuntimeError):
        draw(VisualizationHook(enable=True, interval=1), [IMAGES] * 3)


def test_registered():
    assert isinstance(HOOKS.build(dict(type='FirstViewVisualizationHook')), FirstViewVisualizationHook)
