"""Our parts in configs of MMPretrain's models, and its parts around ours: each config in full size, or small."""
from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mmpretrain
from mmcv.transforms import BaseTransform
from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook
from mmengine.model import BaseModule
from mmengine.runner import Runner
from mmpretrain.registry import MODELS, TRANSFORMS
from torch import Tensor
from torchvision.ops import FeaturePyramidNetwork

from emonext_mm.compat.config import prepare_train
from emonext_mm.emotions import CLASSES
from tests.helpers.augmentations import AUGMENTATIONS
from tests.helpers.fer2013_files import make_faces, write_fer2013, write_votes

FULL = 224  # px, of the host's bases
HOST = Path(mmpretrain.__file__).parent / '.mim' / 'configs'
# The host's nets: a config; changes that make it small; its size in pixels then; width of its features, full and small.
NETS = {
    'resnet50': ('resnet/resnet50_8xb32_in1k.py', dict(stem_channels=8, base_channels=8), 64, (2048, 256)),
    'swin': ('swin_transformer/swin-tiny_16xb64_in1k.py',
             dict(arch=dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2]), img_size=64, window_size=2),
             64, (768, 128)),
    'vit': ('vision_transformer/vit-base-p16_64xb64_in1k.py',
            dict(arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64), img_size=32), 32,
            (768, 32)),
    'deit': ('deit/deit-tiny-distilled_4xb256_in1k.py',
             dict(arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64), img_size=32), 32,
             (192, 32)),
    'mobilenetv3': ('mobilenet_v3/mobilenet-v3-small_8xb128_in1k.py', {}, 64, (576, 576)),
}
EMONEXT = dict(type='EmoNeXt', arch=dict(depths=[1, 1, 2, 1], channels=[16, 24, 32, 48]))


@MODELS.register_module()
class FPN(BaseModule):
    """torchvision's feature pyramid, and its coarsest map, pooled. Real users take it from MMDetection."""

    def __init__(self, in_channels: list[int], out_channels: int) -> None:
        super().__init__()
        self.pyramid = FeaturePyramidNetwork(in_channels, out_channels)

    def forward(self, maps: tuple[Tensor, ...]) -> tuple[Tensor]:
        sizes = [each.shape[-1] for each in maps]
        assert sizes == [sizes[0] >> level for level in range(len(maps))]
        pyramid = list(self.pyramid({str(level): each for level, each in enumerate(maps)}).values())
        assert [each.shape[-1] for each in pyramid] == sizes
        return (sum(each.mean((2, 3)) for each in pyramid), )


def write_data(folder: Path) -> str:
    """Write FER2013 of noise with FER+ votes; return its folder."""
    faces = make_faces(42)
    write_fer2013(folder, faces)
    votes = [dict(happiness=6, neutral=3, sadness=1) for _ in faces.labels]
    write_votes(folder, faces.splits, votes)
    return str(folder)


def faces(data_root: str, size: int, *steps: dict, **options: Any) -> dict:
    """Config of FER2013, without a split."""
    resize = dict(type='Resize', scale=(size, size), interpolation='bilinear')
    return dict(type='FER2013', data_root=data_root, pipeline=[*steps, resize, dict(type='PackInputs')], **options)


def host(name: str, data_root: str, small: bool) -> tuple[Config, int, int]:
    """A config of the host for the seven emotions; the size of its images and the width of its features."""
    path, changes, size, widths = NETS[name]
    cfg = Config.fromfile(HOST / path)
    if small:
        cfg.model.backbone.update(ConfigDict(changes))
    cfg.data_preprocessor.num_classes = 7
    width = widths[small]
    cfg.model.head.update(num_classes=7, topk=(1, ), in_channels=width)
    return with_data(cfg, data_root, size if small else FULL), size if small else FULL, width


def with_data(cfg: Config, data_root: str, size: int, **options: Any) -> Config:
    """The config with FER2013 in place of its data, for a single step of training."""
    cfg = copy.deepcopy(cfg)
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'] = dict(
            batch_size=4, num_workers=0, collate_fn=dict(type='default_collate'),
            dataset=dict(faces(data_root, size, **options), split=split, indices=4),
            sampler=dict(type='DefaultSampler', shuffle=False))
    for split in ('val', 'test'):
        cfg[f'{split}_cfg'] = {}
        cfg[f'{split}_evaluator'] = dict(type='EmotionMetric', per_class=False)
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
    cfg.default_hooks.checkpoint = None
    cfg.param_scheduler = []  # warm-ups of 20 epochs
    return cfg


def ours(data_root: str, small: bool, **backbone: Any) -> Config:
    """EmoNeXt with the paper's parts."""
    cfg = Config.fromfile(Path(__file__).parents[2] / 'configs' / 'emonext_tiny_fer2013.py')
    cfg.model.backbone.update(ConfigDict(init_cfg=None, **(EMONEXT if small else {}), **backbone))
    cfg.model.head.in_channels = 48 if small else 768
    return with_data(cfg, data_root, 64 if small else FULL)


def before(name: str) -> Callable[[str, bool], Config]:
    """The STN in front of a model of the host."""
    def make(data_root: str, small: bool) -> Config:
        cfg, size, _ = host(name, data_root, small)
        cfg.data_preprocessor.update(type='STNDataPreprocessor', localization_size=size)
        return cfg
    return make


def behind(name: str, labels: str) -> Callable[[str, bool], Config]:
    """The regularised head behind a model of the host, with one of ``LABELS``."""
    def make(data_root: str, small: bool) -> Config:
        cfg, size, width = host(name, data_root, small)
        cfg.model.head = dict(type='SARegClsHead', num_classes=7, in_channels=width, sa_weight=10.0)
        cfg.model.train_cfg = None
        LABELS[labels](cfg, data_root, size)
        return cfg
    return make


def _loss(**loss: Any) -> Callable:
    return lambda cfg, *_: cfg.model.head.update(loss=loss)


def _augment(kind: str) -> Callable:
    return lambda cfg, *_: cfg.model.update(train_cfg=dict(augments=dict(type=kind, alpha=1.0)))


def _soft(cfg: Config, data_root: str, size: int) -> None:
    cfg.train_dataloader.dataset.ferplus = 'soft'
    cfg.model.head.loss = dict(type='CrossEntropyLoss', use_soft=True)


@TRANSFORMS.register_module()
class AddPleasant(BaseTransform):
    """Add a second task: whether the emotion is a pleasant one."""

    def transform(self, results: dict) -> dict:
        results['gt_label']['pleasant'] = int(results['gt_label']['emotion'] == CLASSES.index('happy'))
        return results


def _tasks(cfg: Config, data_root: str, size: int) -> None:
    heads = dict(emotion=cfg.model.head, pleasant=dict(cfg.model.head, num_classes=2))
    cfg.model.head = dict(type='MultiTaskHead', task_heads=heads)
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.pipeline[-1:] = [
            dict(type='AsTask', task='emotion'), dict(type='AddPleasant'),
            dict(type='PackMultiTaskInputs', multi_task_fields=('gt_label', 'gt_score'))]
    for split in ('val', 'test'):
        cfg[f'{split}_evaluator'] = dict(type='MultiTasksMetric', task_metrics=dict(
            emotion=[dict(type='Accuracy')], pleasant=[dict(type='Accuracy')]))


LABELS = {
    'focal': _loss(type='FocalLoss', gamma=2.0),
    'weighted': _loss(type='CrossEntropyLoss', class_weight=[1.0, 9.0, 1.0, 0.5, 1.0, 1.5, 1.0]),
    'soft': _soft,
    'mixup': _augment('Mixup'),
    'cutmix': _augment('CutMix'),
    'tasks': _tasks,
}


def layer_decay(data_root: str, small: bool) -> Config:
    cfg = ours(data_root, small)
    cfg.optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
                             constructor='LearningRateDecayOptimWrapperConstructor',
                             paramwise_cfg=dict(layer_decay_rate=0.7))
    return cfg


def dense(data_root: str, small: bool) -> Config:
    """All four maps, normalised and not pooled."""
    cfg = ours(data_root, small, out_indices=(0, 1, 2, 3), gap_before_final_norm=False)
    widths = EMONEXT['arch']['channels'] if small else [96, 192, 384, 768]
    cfg.model.neck = dict(type='FPN', in_channels=widths, out_channels=32)
    cfg.model.head.in_channels = 32
    return cfg


def wrapped(wrap: Callable[[dict], dict]) -> Callable[[str, bool], Config]:
    """FER2013 in a data set wrapper, for training, validation and test."""
    def make(data_root: str, small: bool) -> Config:
        cfg = ours(data_root, small)
        for split in ('train', 'val', 'test'):
            cfg[f'{split}_dataloader'].dataset = wrap(cfg[f'{split}_dataloader'].dataset)
            cfg[f'{split}_dataloader'].drop_last = split == 'train'
        return cfg
    return make


def augmented(data_root: str, small: bool) -> Config:
    """A batch in which each grey face has passed through another augmentation of the host."""
    cfg = ours(data_root, small)
    size = 64 if small else FULL
    parts = [dict(faces(data_root, size, dict(type=name, **options)), split='train', indices=1)
             for name, options in AUGMENTATIONS.items()]
    cfg.train_dataloader.batch_size = len(parts)
    cfg.train_dataloader.dataset = dict(type='ConcatDataset', datasets=parts)
    return cfg


MIXED: dict[str, Callable[[str, bool], Config]] = {  # name -> (folder of the data, small) -> config
    **{f'stn-{name}': before(name) for name in ('resnet50', 'swin', 'vit', 'mobilenetv3')},
    'emonext-out_indices': lambda root, small: ours(root, small, out_indices=(1, -1)),
    'emonext-frozen': lambda root, small: ours(root, small, frozen_stages=2),
    'emonext-layer_decay': layer_decay,
    'emonext-checkpointing': lambda root, small: ours(root, small, with_cp=True),
    'emonext-grn': lambda root, small: ours(root, small, use_grn=True, layer_scale_init_value=0.0),
    'emonext-fpn': dense,
    **{f'sa-{name}-{labels}': behind(name, labels) for name in ('resnet50', 'swin', 'vit', 'deit')
       for labels in LABELS},
    'fer2013-concat': wrapped(lambda part: dict(type='ConcatDataset', datasets=[dict(part, indices=2), part])),
    'fer2013-repeat': wrapped(lambda part: dict(type='RepeatDataset', times=2, dataset=part)),
    'fer2013-balanced': wrapped(lambda part: dict(type='ClassBalancedDataset', oversample_thr=0.5, dataset=part)),
    'fer2013-kfold': wrapped(lambda part: dict(type='KFoldDataset', num_splits=2, dataset=dict(part, indices=8))),
    'fer2013-augmented': augmented,
}


class Start(Hook):
    """The parameters before the first step."""

    def before_train(self, runner: Runner) -> None:
        self.parameters = {key: value.detach().clone() for key, value in runner.model.named_parameters()}


def train_and_test(cfg: Config, folder: Path) -> tuple[Runner, dict, dict[str, Tensor]]:
    """Train a step and test; return the runner, the metrics and the parameters before the step."""
    cfg.update(work_dir=str(folder), launcher='none')
    runner, start = Runner.from_cfg(prepare_train(cfg)), Start()
    runner.register_hook(start)
    runner.train()
    return runner, runner.test(), start.parameters
