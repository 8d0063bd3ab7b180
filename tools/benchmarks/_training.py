"""Timed trainings: a config's own loop, and a plain step of a plain model."""
from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from _faces import draw_faces, write_csv
from mmengine.config import Config
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.models import ConvNeXt
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from emonext_mm.compat.config import fix_dataloaders, has_bfloat16, prepare_train
from emonext_mm.utils.command_line import merge_train_options
from emonext_mm.utils.options import OptionAction

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
PRECISIONS = ('float32', 'bfloat16') if DEVICE == 'cpu' else ('float32', 'bfloat16', 'float16')
DEFAULT_PRECISION = PRECISIONS[-1] if DEVICE == 'cuda' or has_bfloat16() else 'float32'


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the config to measure, changes to it, and the precision."""
    parser.add_argument('config', nargs='?', default='configs/emonext_tiny_fer2013.py', help='default: %(default)s')
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction, default={}, metavar='KEY=VALUE',
                        help='changes to the config by dotted key')
    parser.add_argument('--precision', choices=PRECISIONS, default=DEFAULT_PRECISION,
                        help='of autocast, for both sides (default on this machine: %(default)s)')


def load_config(path: str, options: dict, precision: str, batch: int) -> Config:
    """Read a config as ``tools/train.py`` runs it, without pretrained weights, validation and checkpoints.

    Raises:
        ValueError: the config does not train on FER2013.
    """
    cfg = Config.fromfile(path)
    if cfg.train_dataloader.dataset.type != 'FER2013':
        raise ValueError(f'{path}: trains on {cfg.train_dataloader.dataset.type}, expected FER2013')
    cfg.model.backbone.init_cfg = None
    cfg.train_dataloader.batch_size = batch
    cfg.test_dataloader = cfg.test_cfg = cfg.test_evaluator = None
    cfg.default_hooks.checkpoint = None
    cfg.log_level = 'ERROR'
    _set_precision(cfg.optim_wrapper, precision)
    return prepare_train(merge_train_options(cfg, dict(
        work_dir=None, resume=None, amp=False, no_validate=True, auto_scale_lr=False, no_pin_memory=False,
        no_persistent_workers=False, cfg_options=options, launcher='none')))


def of_size(size: str) -> dict:
    """Return the ``--cfg-options`` that change the model size of a config.

    Raises:
        ValueError: MMPretrain's ConvNeXt has no such size.
    """
    if size not in ConvNeXt.arch_settings:
        raise ValueError(f'size {size!r}, expected one of {", ".join(ConvNeXt.arch_settings)}')
    channels = ConvNeXt.arch_settings[size]['channels'][-1]
    return {'model.backbone.arch': size, 'model.head.in_channels': channels}


def _set_precision(wrapper: dict, precision: str) -> None:
    for key in ('dtype', 'loss_scale'):
        wrapper.pop(key, None)
    wrapper['type'] = 'OptimWrapper'
    if precision != 'float32' and DEVICE == 'cpu':  # also on a CPU without bfloat16: the user chose it
        wrapper['type'] = 'CpuAmpOptimWrapper'
    elif precision != 'float32':
        wrapper.update(type='AmpOptimWrapper', dtype=precision)
    if precision == 'float16':
        wrapper['loss_scale'] = 'dynamic'


@LOOPS.register_module(force=True)
class PausedTrainLoop(EpochBasedTrainLoop):
    """Loop that stops before the first epoch; call ``run_epoch`` and ``run_iter`` to continue."""

    def run(self) -> nn.Module:
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')  # the hooks of an iteration need it
        self.runner.model.train()
        return self.runner.model


class ConfigTraining:
    """Training of a config with all of its hooks, on drawn faces.

    A step is: data preprocessor (with the STN), backbone, losses, backward, clipping, optimizer, learning rate,
    EMA and the log every 50 steps.

    Args:
        cfg: from :func:`load_config`.
        images: number of faces for :meth:`epoch`; one batch when None.
        compiled: whether the backbone is compiled.
    """

    def __init__(self, cfg: Config, images: int | None = None, compiled: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix='emonext_mm_')
        cfg = cfg.copy()
        if images is None:
            cfg.train_dataloader.num_workers = 0
            cfg = fix_dataloaders(cfg)
        cfg.train_cfg = dict(type='PausedTrainLoop', max_epochs=10**6)
        cfg.work_dir = self._folder.name
        cfg.experiment_name = Path(self._folder.name).name  # a logger of its own
        faces = draw_faces(images or cfg.train_dataloader.batch_size)
        cfg.train_dataloader.dataset.data_root = str(write_csv(Path(self._folder.name) / 'fer2013.csv', *faces))
        self.runner = Runner.from_cfg(cfg)
        if compiled:
            self.runner.model.backbone.compile()
        self.runner.train()
        self.loop = self.runner.train_loop
        self.batch = next(iter(self.loop.dataloader))

    def step(self) -> None:
        """Run an iteration on a batch in memory."""
        self.loop.run_iter(self.loop.iter, self.batch)

    def regularise(self) -> None:
        """Run the regulariser of a step alone, forward and backward."""
        head = self.runner.model.head
        features = torch.randn(len(self.batch['inputs']), head.in_channels, device=DEVICE, requires_grad=True)
        with self.runner.optim_wrapper.optim_context(head):
            variance = head.attention(features)
        variance.backward()

    def flops(self) -> int:
        """Count the floating-point operations of a step: three times those of the forward pass.

        The backward pass is a multiplication for the gradient of the input and one for that of the weights. A fast
        implementation may compute more or fewer operations than this convention counts.
        """
        model = self.runner.model.eval()  # evaluation has the convolutions that training replaces
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(model.data_preprocessor(dict(self.batch))['inputs'], mode='tensor')
        model.train()
        return 3 * counter.get_total_flops()

    def epoch(self) -> None:
        """Run an epoch over the images on disk, through the config's data loader."""
        self.loop.run_epoch()

    def image_shape(self) -> tuple[int, ...]:
        """Return (C, H, W) of the backbone's input."""
        with torch.no_grad():
            return tuple(self.runner.model.data_preprocessor(dict(self.batch))['inputs'].shape[1:])


class PlainTraining:
    """Plain PyTorch training on a batch in memory: no preprocessor, no EMA, no log.

    Args:
        model: in training mode, on its device.
        loss: function of images and labels.
        images: (N, C, H, W) float, on the device.
        precision: of autocast; with float16 the loss is scaled.
        optimizer: as in a config, such as ``dict(type='AdamW', lr=1e-4)``.
    """

    def __init__(self, model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], images: Tensor, precision: str,
                 optimizer: dict) -> None:
        arguments = dict(optimizer)
        self.loss, self.images = loss, images
        self.labels = torch.arange(len(images), device=images.device) % 7
        self.optimizer = getattr(torch.optim, arguments.pop('type'))(model.parameters(), **arguments)
        self.autocast = dict(device_type=images.device.type, dtype=getattr(torch, precision),
                             enabled=precision != 'float32')
        self.scaler = torch.amp.GradScaler(images.device.type, enabled=precision == 'float16')

    def step(self) -> None:
        self.optimizer.zero_grad()
        with torch.autocast(**self.autocast):
            loss = self.loss(self.images, self.labels)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()


def timm_training(cfg: Config, batch: int, shape: tuple[int, ...], precision: str,
                  compiled: bool = False) -> PlainTraining:
    """Training of timm's ConvNeXt of the config's size, channels last, with the config's optimizer and loss."""
    model = timm_model(cfg).to(DEVICE)
    if compiled:
        model.compile()
    images = torch.randn(batch, *shape, device=DEVICE).contiguous(memory_format=torch.channels_last)
    return PlainTraining(model, smoothed_loss(model, cfg), images, precision, cfg.optim_wrapper.optimizer)


def timm_model(cfg: Config) -> nn.Module:
    """timm's ConvNeXt of the config's size and drop path, channels last, in training mode."""
    model = timm.create_model(timm_name(cfg), num_classes=7, drop_path_rate=cfg.model.backbone.get('drop_path_rate', 0))
    return model.to(memory_format=torch.channels_last).train()


def timm_name(cfg: Config) -> str | None:
    """Name of timm's ConvNeXt of the config's size; None for depths and channels of the config's own."""
    arch = cfg.model.backbone.arch
    return f'convnext_{arch}' if isinstance(arch, str) else None


def smoothed_loss(model: nn.Module, cfg: Config) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross entropy of a model's logits with the config's label smoothing."""
    loss = cfg.model.head.loss
    smoothing = loss.get('label_smoothing', loss.get('label_smooth_val', 0.0))  # ours, MMPretrain's
    return lambda images, labels: F.cross_entropy(model(images), labels, label_smoothing=smoothing)
