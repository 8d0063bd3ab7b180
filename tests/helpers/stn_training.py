"""One training step of a small model with an STN, whole or on a part of the batch."""
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.models import build_classifier
from mmpretrain.structures import DataSample

import emonext_mm  # noqa: F401, registers the STN in spawned processes

SIZE = 32
HALVES = slice(0, 4), slice(4, 8)


def build():
    """Build a classifier in float64 whose STN is off the identity; in eval mode, so that samples are independent."""
    torch.manual_seed(0)
    model = build_classifier(
        dict(type='ImageClassifier',
             data_preprocessor=dict(type='STNDataPreprocessor', localization_size=SIZE, mean=[127.0] * 3,
                                    std=[64.0] * 3),
             backbone=dict(type='EmoNeXt', arch=dict(depths=[1] * 4, channels=[16] * 4), layer_scale_init_value=1.0),
             head=dict(type='SARegClsHead', num_classes=7, in_channels=16)))
    torch.nn.init.normal_(model.data_preprocessor.localization.regressor[-1].weight, std=0.1)
    return model.double().eval()


def train_step(model, part):
    """Return the gradients, by name, of a training step on some of eight images: the change by SGD with rate 1."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (8, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)
    samples = [DataSample().set_gt_label(i % 7) for i in range(8)]
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0))
    model.train_step(dict(inputs=images[part], data_samples=samples[part]), optim_wrapper)
    return {name.removeprefix('module.'): before[name] - p.detach() for name, p in model.named_parameters()}


def assert_close(gradients, expected):
    """Compare gradients by name."""
    assert gradients.keys() == expected.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-6, atol=1e-12, msg=name)
