"""Cost of a model: parameters and multiply-adds."""
from __future__ import annotations

from typing import NamedTuple

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpretrain.registry import DATASETS
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from emonext_mm.utils.models import build_model


class Cost(NamedTuple):
    """Cost of a model."""

    parameters: int  # trained or not; with those of the Spatial Transformer
    multiply_adds: int  # of one view of an image: those of convolutions, matrix products and attention


def count_cost(cfg: Config) -> Cost:
    """Count the cost of the model of a config for the first image of its test data.

    PyTorch's counter counts; it does not know recurrent layers and the fused layers of ``torch.nn.Transformer``.

    Raises:
        Exception: the data cannot be read, or the model cannot be built or run; of any kind, because both are the
            user's.
    """
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    model = build_model(cfg).eval()
    batch = pseudo_collate([DATASETS.build(dict(cfg.test_dataloader.dataset))[0]])
    # The math kernel consists of matrix products; those of the CPU's other kernel are not counted.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        views = model.data_preprocessor(batch)['inputs']
        model(views, mode='tensor')
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Cost(parameters, counter.get_total_flops() // 2 // len(views))
