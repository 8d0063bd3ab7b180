"""Record drawn faces and their logits by a trained model of the package, once, when its file is made.

    python -m tests.helpers.record_pretrained emonext-mini_fer2013_48
"""
import sys
from pathlib import Path

import numpy as np
import torch
from mmpretrain import get_model

from emonext_mm.datasets import SyntheticFER


def record_of(name: str) -> Path:
    """File of the record of a model."""
    return Path(__file__).with_name(f'{name}.npz')


def logits_of(name: str, faces: np.ndarray) -> np.ndarray:
    """Logits (N, 7), before the temperature, for faces (N, 48, 48)."""
    model = get_model(name, pretrained=True).eval()
    with torch.no_grad():
        images = model.data_preprocessor(dict(inputs=torch.from_numpy(faces)[:, None]))['inputs']
        return model(images, mode='tensor').numpy()


if __name__ == '__main__':
    faces = SyntheticFER(num_samples=14, split='test').images
    np.savez_compressed(record_of(sys.argv[1]), faces=faces, logits=logits_of(sys.argv[1], faces))
