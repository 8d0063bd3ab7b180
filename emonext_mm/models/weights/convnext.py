"""Pretrained ConvNeXt weights from timm, Facebook and MMPretrain, for ``ConvNeXt`` and ``EmoNeXt``.

Values of ``checkpoint`` in ``init_cfg=dict(type='Pretrained', checkpoint=...)``, once ``emonext_mm`` is imported:

- ``timm://convnext_tiny.fb_in22k``, or any other ConvNeXt or ConvNeXt V2 with pretrained weights in timm, which
  downloads and caches them. timm has ImageNet-22k weights of all five sizes; MMPretrain's model zoo has none for tiny
  and small. Also ``timm://FILE`` (.safetensors, .bin, .pth) with timm's keys;
- ``facebook://FILE`` or ``facebook://URL``: files of https://github.com/facebookresearch/ConvNeXt, such as
  ``https://dl.fbaipublicfiles.com/convnext/convnext_tiny_22k_224.pth``;
- ``mmpretrain://FILE`` or ``mmpretrain://URL``: files of MMPretrain's model zoo, with keys ``backbone.*``.

The classifier is dropped. Any other missing or unexpected key is an error; MMEngine's loader would only log it, and the
training would start from partly random weights.
"""
from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.models import ConvNeXt
from torch import Tensor, nn

from emonext_mm.utils.checkpoint_content import count_keys, describe_misfit
from emonext_mm.utils.checkpoints import read_checkpoint


class Source(NamedTuple):
    """File format of a source."""

    containers: tuple[str, ...]  # keys that may contain the weights, tried in order; otherwise the file is the weights
    dropped: str  # pattern of the keys to drop, those of the classifier
    keys: tuple[tuple[str, str], ...]  # (pattern of the source's key, MMPretrain's name), tried in order


SOURCES = dict(
    timm=Source(('state_dict_ema', 'state_dict'), r'head\.(fc|pre_logits)\.', (
        (r'stem\.(\d)\.', r'downsample_layers.0.\1.'),
        (r'stages\.(\d)\.downsample\.', r'downsample_layers.\1.'),
        (r'stages\.(\d)\.blocks\.(\d+)\.conv_dw\.', r'stages.\1.\2.depthwise_conv.'),
        (r'stages\.(\d)\.blocks\.(\d+)\.mlp\.fc([12])\.', r'stages.\1.\2.pointwise_conv\3.'),
        (r'stages\.(\d)\.blocks\.(\d+)\.mlp\.grn\.weight$', r'stages.\1.\2.grn.gamma'),
        (r'stages\.(\d)\.blocks\.(\d+)\.mlp\.grn\.bias$', r'stages.\1.\2.grn.beta'),
        (r'stages\.(\d)\.blocks\.(\d+)\.(norm\.|gamma$)', r'stages.\1.\2.\3'),
        (r'head\.norm\.', r'norm3.'),
    )),
    facebook=Source(('model', ), r'head\.', (
        (r'(downsample_layers\.\d\.\d\.)', r'\1'),
        (r'(stages\.\d\.\d+\.)dwconv\.', r'\1depthwise_conv.'),
        (r'(stages\.\d\.\d+\.)pwconv([12])\.', r'\1pointwise_conv\2.'),
        (r'(stages\.\d\.\d+\.(?:norm\.|gamma$))', r'\1'),
        (r'norm\.', r'norm3.'),
    )),
    mmpretrain=Source(('state_dict', ), r'head\.|data_preprocessor\.', (
        (r'backbone\.', ''),
    )),
)


def to_backbone(checkpoint: dict, source: str) -> OrderedDict[str, Tensor]:
    """Convert a checkpoint to the keys of MMPretrain's ``ConvNeXt``, without the classifier.

    Args:
        checkpoint: content of the file: the weights, or a dict that contains them.
        source: 'timm', 'facebook' or 'mmpretrain'.

    Raises:
        ValueError: keys are unknown for this source; the message lists them.
    """
    spec = SOURCES[source]
    weights = next((checkpoint[key] for key in spec.containers if isinstance(checkpoint.get(key), dict)), checkpoint)
    weights = {str(key): value for key, value in weights.items() if not re.match(spec.dropped, str(key))}
    return rename(weights, spec.keys, f"{source}'s ConvNeXt")


def rename(weights: dict[str, Tensor], keys: tuple[tuple[str, str], ...], model: str) -> OrderedDict[str, Tensor]:
    """Rename every key by the first pattern that matches it.

    Pointwise convolutions, which timm's small sizes have, are converted to linear layers.

    Args:
        weights: key -> tensor.
        keys: (pattern, new name).
        model: name of the model that the weights should belong to, for the message.

    Raises:
        ValueError: keys match no pattern or hold no tensor, or there are no weights; the message lists the keys.
    """
    renamed, unknown = OrderedDict(), []
    for key, value in weights.items():
        pattern, name = next(((p, n) for p, n in keys if re.match(p, key)), (None, None))
        if pattern is None or not isinstance(value, Tensor):
            unknown.append(key)
        else:
            name = re.sub(pattern, name, key, count=1)
            renamed[name] = value.flatten(1) if 'pointwise_conv' in name and value.ndim == 4 else value
    if unknown or not renamed:
        reason = count_keys(unknown, 'unexpected') or 'no weights found'
        raise ValueError(f'these are not the weights of {model}: {reason}')
    return renamed


def check_backbone(module: nn.Module, state_dict: dict[str, Tensor], prefix: str = '', *_) -> None:
    """Require a complete state dict for a ConvNeXt or EmoNeXt; only SE layers may be missing.

    The signature is that of a hook for ``register_load_state_dict_pre_hook``.

    Raises:
        ValueError: keys are missing or unexpected, or shapes differ; the message lists the keys.
    """
    check_complete(module, state_dict, prefix, optional=('se_after.', 'se_before.'))


def check_complete(module: nn.Module, state_dict: dict[str, Tensor], prefix: str = '', *_,
                   optional: tuple[str, ...] = ()) -> None:
    """Require a complete state dict.

    Args:
        prefix: of the module's keys in the state dict.
        optional: beginnings of names in the module that may be missing.

    Raises:
        ValueError: see :func:`check_backbone`.
    """
    own = {prefix + key: value for key, value in module.state_dict().items()}
    given = {key: value for key, value in state_dict.items() if key.startswith(prefix)}
    may_lack = tuple(prefix + each for each in optional)
    required = {key: value for key, value in own.items() if key in given or not key.startswith(may_lack)}
    difference = describe_misfit(required, given)
    if difference:
        raise ValueError(f'these weights do not fit this {type(module).__name__}: {difference}')


def size_of(weights: dict[str, Tensor]) -> str:
    """Name of the ConvNeXt size with the depths and channels of these weights, such as 'tiny'.

    Raises:
        ValueError: no size matches.
    """
    blocks = [{key.split('.')[2] for key in weights if key.startswith(f'stages.{stage}.')} for stage in range(4)]
    norms = [weights.get(f'stages.{stage}.0.norm.weight') for stage in range(4)]
    found = dict(depths=[len(block) for block in blocks], channels=[0 if n is None else n.numel() for n in norms])
    for size, arch in ConvNeXt.arch_settings.items():
        if arch == found:
            return size
    raise ValueError(f'no size of ConvNeXt has {found["depths"]} blocks of {found["channels"]} channels')


def load_from_file(filename: str, map_location: str | None = None) -> OrderedDict[str, Tensor]:
    """Load ``<source>://FILE`` or ``<source>://URL`` onto the CPU.

    Raises:
        CheckpointError, FileNotFoundError: see :func:`~emonext_mm.utils.checkpoints.read_checkpoint`.
        ValueError: see :func:`to_backbone`; the message names the file.
    """
    source, _, path = filename.partition('://')
    return _checked(filename, read_checkpoint(path), source)


def load_timm(filename: str, map_location: str | None = None) -> OrderedDict[str, Tensor]:
    """Load ``timm://<model name>[.<tag>]`` or ``timm://FILE`` onto the CPU.

    Raises:
        ImportError: timm is not installed.
        ConnectionError: the weights are not cached and cannot be downloaded.
        CheckpointError: the file is unreadable.
        ValueError: timm does not know the model, or it is not a ConvNeXt.
    """
    name = filename.partition('://')[2]
    if Path(name).is_file():
        return load_from_file(filename)
    return _checked(filename, download_timm(filename), 'timm')


def download_timm(filename: str) -> dict[str, Tensor]:
    """Weights of ``<scheme>://<model name>[.<tag>]`` by timm, which downloads and caches them; without the classifier.

    Raises:
        ImportError: timm is not installed.
        ConnectionError: the weights are not cached and cannot be downloaded.
        ValueError: timm has no weights of this name.
    """
    scheme, _, name = filename.partition('://')
    try:
        import timm
    except ImportError as error:
        raise ImportError(f'{filename} needs timm: pip install timm') from error
    if not timm.is_model_pretrained(name):
        raise ValueError(f'{filename}: timm has no pretrained weights of this name, and no such file exists')
    try:
        return timm.create_model(name, pretrained=True, num_classes=0).state_dict()
    except (OSError, RuntimeError) as error:
        raise ConnectionError(
            f'{filename} could not be downloaded ({type(error).__name__}). Use a local file with --cfg-options '
            f'model.backbone.init_cfg.checkpoint={scheme}://FILE, or train from scratch with --cfg-options '
            'model.backbone.init_cfg=None') from error


def _checked(filename: str, checkpoint: dict, source: str) -> OrderedDict[str, Tensor]:
    """Convert a checkpoint and attach :func:`check_backbone` for the model that loads it.

    :func:`emonext_mm.compat.checkpoints.refuse_unfit_weights` runs the check.
    """
    try:
        weights = to_backbone(checkpoint, source)
    except ValueError as error:
        raise ValueError(f'{filename}: {error}') from None
    weights._metadata = OrderedDict({'': dict(check=check_backbone)})
    return weights


CheckpointLoader.register_scheme(prefixes='timm://', loader=load_timm, force=True)
CheckpointLoader.register_scheme(prefixes=['facebook://', 'mmpretrain://'], loader=load_from_file, force=True)
