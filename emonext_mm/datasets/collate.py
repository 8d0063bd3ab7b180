"""Training samples to a batch, all of them together."""
from __future__ import annotations

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.registry import FUNCTIONS
from mmpretrain.structures import DataSample


@FUNCTIONS.register_module()
def collate_faces(infos: list[dict]) -> dict:
    """In place of ``PackInputs`` and ``default_collate``, which convert each image and each label by itself.

    For training, where a sample is an image and its label; a test wants ``PackInputs``, which keeps ``sample_idx``.
    Samples that a pipeline has packed all the same are left to ``default_collate``. ::

        train_dataloader = dict(dataset=dict(pipeline=[]), collate_fn=dict(type='collate_faces'))

    Args:
        infos: what a pipeline without ``PackInputs`` gives: ``img`` ((H, W) or (H, W, C), all of one size),
            ``gt_label``, and ``gt_score`` if the data set has it.

    Returns:
        ``inputs`` (N, C, H, W) of the images' type, and ``data_samples``, N, whose labels are views of one tensor.

    Raises:
        ValueError: if the images are not of one size.
    """
    if 'inputs' in infos[0]:
        return default_collate(infos)
    sizes = {info['img'].shape for info in infos}
    if len(sizes) > 1:
        raise ValueError(f'images of one batch must be of one size, got {sorted(sizes)}')
    images = torch.from_numpy(np.stack([info['img'] for info in infos]))
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
    samples = [DataSample() for _ in infos]
    if 'gt_label' in infos[0]:
        for sample, label in zip(samples, torch.tensor([info['gt_label'] for info in infos]).split(1)):
            sample.set_field(label, 'gt_label', dtype=torch.Tensor)
    if 'gt_score' in infos[0]:
        for sample, score in zip(samples, torch.from_numpy(np.stack([info['gt_score'] for info in infos]))):
            sample.set_field(score, 'gt_score', dtype=torch.Tensor)
    return dict(inputs=images, data_samples=samples)
