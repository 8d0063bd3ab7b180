"""Outputs of the authors' code, recorded in ``authors.json``, for weights and images that every test can draw again.

    git clone https://github.com/yelboudouri/EmoNeXt && git -C EmoNeXt checkout ce77dc1
    python tests/helpers/record_authors.py EmoNeXt

The random seed of each parameter is its name. Layer scales are of the order of 1, and the STN is not the identity.
Drop path is off, because it is random.
"""
from __future__ import annotations

import json
import runpy
import sys
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import torch

FILE = Path(__file__).with_name('authors.json')
SIZES = dict(
    tiny=dict(depths=[3, 3, 9, 3], dims=[96, 192, 384, 768]),
    base=dict(depths=[3, 3, 27, 3], dims=[128, 256, 512, 1024]),
)
LABELS = (0, 3, 6, 4)  # alphabetical


@cache
def read_recorded(size: str) -> dict:
    """The recorded ``shapes`` of the authors' state dict and the ``outputs`` of the model with :func:`draw_weights`."""
    return json.loads(FILE.read_text())[size]


def draw_weights(size: str = 'tiny') -> dict[str, torch.Tensor]:
    """The state dict of the authors' model with which the outputs were recorded."""
    return {name: draw_weight(name, tuple(shape)) for name, shape in read_recorded(size)['shapes'].items()}


def draw_weight(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """A parameter or buffer of the authors' model; its name is the random seed."""
    noise = torch.from_numpy(np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)).float()
    if name.endswith('num_batches_tracked'):
        return torch.tensor(0)
    if name.endswith('running_var'):
        return 1 + noise.abs() / 2
    if name.endswith('gamma'):
        return 0.3 * noise
    if name == 'fc_loc.2.bias':
        return torch.tensor([1.0, 0, 0, 0, 1, 0]) + 0.1 * noise
    if len(shape) == 1:
        return 0.1 * noise + (1 if 'norm' in name and name.endswith('weight') else 0)
    if name == 'fc_loc.2.weight':
        return 0.05 * noise
    gain = 4 if name.startswith('attention.') else 1.4  # an attention that is far from uniform
    return gain * noise / noise[0].numel()**0.5


def draw_images() -> np.ndarray:
    """Grey images (4, 1, 224, 224), uint8: smooth, each of a different coarseness."""
    random = np.random.RandomState(0)
    images = []
    for side in (14, 16, 28, 56):
        squares = random.randint(0, 256, (1, 224 // side + 1, 224 // side + 1)).repeat(side, 1).repeat(side, 2)
        windows = np.lib.stride_tricks.sliding_window_view(squares, (side, side), (1, 2))
        images.append(windows[:, :224, :224].sum((-1, -2)) // side**2)
    return np.stack(images).astype(np.uint8)


def record(model: type, size: str) -> dict:
    """Shapes and outputs of the authors' class ``EmoNeXt``."""
    net = model(num_classes=7, drop_path_rate=0.0, **SIZES[size])
    shapes = {name: list(value.shape) for name, value in net.state_dict().items()}
    net.load_state_dict({name: draw_weight(name, shape) for name, shape in shapes.items()})
    images = torch.from_numpy(draw_images()).float().div(255).repeat(1, 3, 1, 1)
    moved = net.eval().stn(images) - images
    outputs = {}
    for mode in ('eval', 'train'):
        _, logits, loss = net.train(mode == 'train')(images, torch.tensor(LABELS))
        attention = loss - torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS), label_smoothing=0.2)
        print(size, mode, f'STN moves by {moved.abs().mean():.2f} attention loss {attention:.2e}')
        outputs[mode] = dict(logits=logits.tolist(), loss=loss.item())
    return dict(shapes=shapes, outputs=outputs)


if __name__ == '__main__':
    emonext = runpy.run_path(str(Path(sys.argv[1]) / 'models.py'))['EmoNeXt']
    with torch.no_grad():
        recorded = {size: record(emonext, size) for size in SIZES}
    recorded['how'] = f'tests/helpers/record_authors.py, commit ce77dc1, torch {torch.__version__}'
    FILE.write_text(json.dumps(recorded) + '\n')
