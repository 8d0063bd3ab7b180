"""Pretrained ConvNeXt weights, from wherever people have them, for the host's ConvNeXt and EmoNeXt.

``init_cfg=dict(type='Pretrained', checkpoint=...)`` of any config takes, once ``emonext_mm`` is imported:

- ``timm://convnext_tiny.fb_in22k``, any ConvNeXt or ConvNeXt V2 that timm has weights of; timm downloads and caches
  them itself. It has the pure ImageNet-22k weights of all five sizes, which the host's model zoo lacks for tiny and
  small. Or ``timm://FILE`` (.safetensors, .bin, .pth) with timm's keys;
- ``facebook://FILE`` or ``facebook://URL``: the files of https://github.com/facebookresearch/ConvNeXt, such as
  ``https://dl.fbaipublicfiles.com/convnext/convnext_tiny_22k_224.pth``;
- ``mmpretrain://FILE`` or ``mmpretrain://URL``: OpenMMLab's, whose keys begin with ``backbone.``.

A classifier is left out. Any other key that the model lacks, or is not given, is an error: the host's loader would
only log it, and the training would start from something else than it says.
"""
from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.models import ConvNeXt
from torch import Tensor, nn

from emonext_mm.utils.checkpoints import read_checkpoint


class Source(NamedTuple):
    """How a source writes its files."""

    holders: tuple[str, ...]  # under the first of these that a file has stand its weights; without any, they are it
    left_out: str  # the classifier's keys
    keys: tuple[tuple[str, str], ...]  # its names -> the host's, in the order in which they are tried


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
    """The weights of a ConvNeXt under the host's names, without those of a classifier.

    Args:
        checkpoint: what was read from a file: the weights, or a dict that holds them.
        source: 'timm', 'facebook' or 'mmpretrain'.

    Raises:
        ValueError: for keys that are not that source's; the message lists them.
    """
    spec = SOURCES[source]
    weights = next((checkpoint[key] for key in spec.holders if isinstance(checkpoint.get(key), dict)), checkpoint)
    weights = {str(key): value for key, value in weights.items() if not re.match(spec.left_out, str(key))}
    return rename(weights, spec.keys, f"{source}'s ConvNeXt")


def rename(weights: dict[str, Tensor], keys: tuple[tuple[str, str], ...], whose: str) -> OrderedDict[str, Tensor]:
    """Rename every key by the first pattern that fits it.

    Pointwise convolutions, which timm's small sizes have, become the linear maps that they are.

    Raises:
        ValueError: for keys that none fits, and for a key without a tensor; the message lists them.
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
        why = listed(unknown, 'unexpected') or 'there are none'
        raise ValueError(f'these are not the weights of {whose}: {why}')
    return renamed


def check_backbone(module: nn.Module, state_dict: dict[str, Tensor], prefix: str = '', *_) -> None:
    """Refuse weights that do not fit a ConvNeXt or EmoNeXt wholly, SE layers apart; a pre-hook of loading, too.

    Raises:
        ValueError: keys are missing, unexpected, or of another shape; the message lists them.
    """
    own = {prefix + key: value for key, value in module.state_dict().items()}
    given = {key: value for key, value in state_dict.items() if key.startswith(prefix)}
    se = tuple(f'{prefix}{place}.' for place in ('se_after', 'se_before'))
    wrong = misfits({key: value for key, value in own.items() if key in given or not key.startswith(se)}, given)
    if wrong:
        raise ValueError(f'these weights are not of this {type(module).__name__}: {wrong}')


def misfits(own: dict[str, Tensor], given: dict[str, Tensor]) -> str:
    """What of a model's tensors and those of a file differs in name or shape, in words; nothing if all fit."""
    return '; '.join(filter(None, [
        listed([key for key in own if key not in given], 'missing'),
        listed([key for key in given if key not in own], 'unexpected'),
        listed([key for key in own if key in given and own[key].shape != given[key].shape], 'of another shape'),
    ]))


def listed(keys: list[str], fault: str) -> str:
    """``2 missing (norm3.weight, norm3.bias)``, or nothing."""
    return f'{len(keys)} {fault} ({", ".join(keys[:3])}{", ..." if len(keys) > 3 else ""})' if keys else ''


def size_of(weights: dict[str, Tensor]) -> str:
    """Which of the host's ConvNeXts has weights of these depths and channels: 'tiny', say.

    Raises:
        ValueError: none has.
    """
    blocks = [{key.split('.')[2] for key in weights if key.startswith(f'stages.{stage}.')} for stage in range(4)]
    norms = [weights.get(f'stages.{stage}.0.norm.weight') for stage in range(4)]
    found = dict(depths=[len(block) for block in blocks], channels=[0 if n is None else n.numel() for n in norms])
    for size, arch in ConvNeXt.arch_settings.items():
        if arch == found:
            return size
    raise ValueError(f'no size of ConvNeXt has {found["depths"]} blocks of {found["channels"]} channels')


def load_from_file(filename: str, map_location: str | None = None) -> OrderedDict[str, Tensor]:
    """Loader of ``<source>://FILE`` and ``<source>://URL``; weights land on the CPU and are copied from there.

    Raises:
        CheckpointError, FileNotFoundError: as :func:`read_checkpoint`.
        ValueError: as :func:`to_backbone`; the message names the file.
    """
    source, _, path = filename.partition('://')
    return _checked(filename, read_checkpoint(path), source)


def load_timm(filename: str, map_location: str | None = None) -> OrderedDict[str, Tensor]:
    """Loader of ``timm://<model name>[.<tag>]``, and of ``timm://FILE``.

    Raises:
        ImportError: without timm.
        ConnectionError: when the weights are neither cached nor to be had.
        CheckpointError: a file that was not loaded.
        ValueError: for a name timm does not know or a model that is not a ConvNeXt.
    """
    name = filename.partition('://')[2]
    if Path(name).is_file():
        return load_from_file(filename)
    try:
        import timm
    except ImportError as error:
        raise ImportError(f'{filename} needs timm: pip install timm') from error
    if not timm.is_model_pretrained(name):
        raise ValueError(f'{filename}: timm has no pretrained weights of that name, and there is no such file')
    try:
        model = timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError) as error:
        raise ConnectionError(
            f'{filename} cannot be had ({type(error).__name__}). Either give a file, '
            '--cfg-options model.backbone.init_cfg.checkpoint=timm://FILE, or train from scratch, '
            '--cfg-options model.backbone.init_cfg=None') from error
    return _checked(filename, model.state_dict(), 'timm')


def _checked(filename: str, checkpoint: dict, source: str) -> OrderedDict[str, Tensor]:
    """Convert it, and have :func:`emonext_mm.compat.checkpoints.refuse_foreign_weights` check it against the model."""
    try:
        weights = to_backbone(checkpoint, source)
    except ValueError as error:
        raise ValueError(f'{filename}: {error}') from None
    weights._metadata = OrderedDict({'': dict(check=check_backbone)})
    return weights


CheckpointLoader.register_scheme(prefixes='timm://', loader=load_timm, force=True)
CheckpointLoader.register_scheme(prefixes=['facebook://', 'mmpretrain://'], loader=load_from_file, force=True)
