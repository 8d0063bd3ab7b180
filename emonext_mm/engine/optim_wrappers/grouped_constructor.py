"""Few parameter groups, for fast optimizer steps."""
from __future__ import annotations

from mmengine.optim import DefaultOptimWrapperConstructor
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """``DefaultOptimWrapperConstructor`` that joins parameters with the same options into one group.

    With a ``paramwise_cfg`` MMEngine makes a group of every parameter. The optimizer and the schedules loop over the
    groups in Python, which takes a tenth of the training step of a small model. ::

        optim_wrapper = dict(constructor='GroupedOptimWrapperConstructor', ...)
    """

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '', **kwargs) -> None:
        super().add_params(params, module, prefix, **kwargs)
        if prefix == '':  # the whole model, not a call for one of its modules
            params[:] = _join(params)


def _join(groups: list[dict]) -> list[dict]:
    joined: dict[str, dict] = {}
    for group in groups:
        options = {key: value for key, value in group.items() if key != 'params'}
        key = repr(sorted(options.items()))  # a list of betas has no hash
        same = joined.setdefault(key, dict(options, params=[]))
        same['params'].extend(group['params'])
    return list(joined.values())
