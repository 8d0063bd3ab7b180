"""timm's Muon for MMEngine's configs."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmpretrain.registry import OPTIMIZERS
from torch import nn, optim


@OPTIMIZERS.register_module(name='TimmMuon')
def build_muon(params: Iterable[nn.Parameter] | Iterable[dict], **options: Any) -> optim.Optimizer:
    """Build timm's ``Muon``: Muon for matrices, AdamW (with ``nesterov`` NAdamW) for the rest.

    Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024. PyTorch's ``Muon`` accepts matrices
    alone, so that a model would need two optimizers. AdamW updates vectors and the groups with ``use_fallback``::

        paramwise_cfg = dict(custom_keys=dict(head=dict(use_fallback=True)))

    Args:
        params: parameters or groups.
        **options: as in ``timm.optim.Muon``.

    Raises:
        ImportError: timm is missing or has no ``Muon``, which came with version 1.0.22.
    """
    try:
        from timm.optim import Muon
    except ImportError as error:
        raise ImportError(f'TimmMuon needs timm 1.0.22 or later: pip install -U timm ({error})') from None
    return Muon(params, **options)
