"""Collate training samples into a batch."""
from __future__ import annotations

import numpy as np
import torch
from mmengine.dataset import default_collate
from mmengine.registry import FUNCTIONS
from mmpretrain.structures import DataSample


@FUNCTIONS.register_module()
def collate_faces(infos: list[dict]) -> dict:
    """Pack and collate the samples of a batch at once: faster than ``PackInputs`` and ``default_collate``.

    For training, where a sample is an image, its label and its index. Samples that the pipeline has packed already are
    passed to ``default_collate``. ::

        train_dataloader = dict(dataset=dict(pipeline=[]), collate_fn=dict(type='collate_faces'))

    Args:
        infos: results of a pipeline without ``PackInputs``: ``img`` ((H, W) or (H, W, C), all of one size),
            ``gt_label``, and ``gt_score`` if the data set has it.

    Returns:
        ``inputs`` (N, C, H, W) of the images' type, and N ``data_samples``, whose labels are views of one tensor.

    Raises:
        ValueError: the images differ in size.
    """
    if 'inputs' in infos[0]:
        return default_collate(infos)
    sizes = {info['img'].shape for info in infos}
    if len(sizes) > 1:
        raise ValueError(f'images of one batch must be of one size, got {sorted(sizes)}')
    images = torch.from_numpy(np.stack([info['img'] for info in infos]))
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
    samples = [DataSample() for _ in infos]
    for sample, info in zip(samples, infos):  # names the images of a batch whose loss is not finite
        if 'sample_idx' in info:
            sample.set_field(info['sample_idx'], 'sample_idx', field_type='metainfo')
    if 'gt_label' in infos[0]:
        for sample, label in zip(samples, torch.tensor([info['gt_label'] for info in infos]).split(1)):
            sample.set_field(label, 'gt_label', dtype=torch.Tensor)
    if 'gt_score' in infos[0]:
        for sample, score in zip(samples, torch.from_numpy(np.stack([info['gt_score'] for info in infos]))):
            sample.set_field(score, 'gt_score', dtype=torch.Tensor)
    return dict(inputs=images, data_samples=samples)
