"""Synchronised batch normalisation on a CPU."""
from __future__ import annotations

import torch
from mmengine._strategy import distributed
from mmengine.device import get_device
from mmengine.dist import get_world_size
from mmengine.runner import runner
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm


def sync_batch_norm_on_cpu() -> None:
    """Let the config key ``sync_bn='torch'`` work on a CPU, over gloo.

    torch's ``SyncBatchNorm`` has kernels for GPUs alone: it and ``DistributedDataParallel`` raise ValueError on a CPU.
    """
    original = runner.convert_sync_batchnorm

    def convert_sync_batchnorm(module: nn.Module, implementation: str = 'torch') -> nn.Module:
        on_cpu = implementation == 'torch' and get_device() == 'cpu'
        return convert(module) if on_cpu else original(module, implementation)

    runner.convert_sync_batchnorm = distributed.convert_sync_batchnorm = convert_sync_batchnorm


def convert(module: nn.Module) -> nn.Module:
    """Replace each batch normalisation in a module, which is changed, by :class:`CpuSyncBatchNorm`; return the module.
    """
    if isinstance(module, _BatchNorm):
        norm = CpuSyncBatchNorm(module.num_features, module.eps, module.momentum, module.affine,
                                module.track_running_stats)
        norm.load_state_dict(module.state_dict())
        return norm.train(module.training)
    for name, child in module.named_children():
        setattr(module, name, convert(child))
    return module


class CpuSyncBatchNorm(_BatchNorm):
    """Batch normalisation of (N, C, ...) by mean and variance over the images of all processes, in float32.

    Gradients flow through mean and variance to the images of all processes. In evaluation, and in a single process, it
    is torch's.
    """

    def _check_input_dim(self, images: Tensor) -> None:
        if images.dim() < 2:
            raise ValueError(f'expected (N, C, ...), got {tuple(images.shape)}')

    def forward(self, images: Tensor) -> Tensor:
        if not self.training or get_world_size() == 1:
            return super().forward(images)
        self._check_input_dim(images)
        dims = [dim for dim in range(images.dim()) if dim != 1]
        shape = [1, -1, *[1] * (images.dim() - 2)]
        values = images.float()
        sums = all_reduce(torch.cat([values.sum(dims), values.new_tensor([values.numel() / values.shape[1]])]))
        mean, count = sums[:-1] / sums[-1], sums[-1].detach()
        centred = values - mean.view(shape)
        squares = all_reduce(centred.square().sum(dims))
        if self.track_running_stats:
            self._track(mean.detach(), squares.detach() / (count - 1))
        result = centred * (squares / count + self.eps).rsqrt().view(shape)
        if self.affine:
            result = result * self.weight.view(shape) + self.bias.view(shape)
        return result.to(images.dtype)

    def _track(self, mean: Tensor, variance: Tensor) -> None:
        self.num_batches_tracked.add_(1)
        momentum = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)
