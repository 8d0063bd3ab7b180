"""A training of a few seconds on the host's own parts: eight images, a toy ConvNeXt, and the host's default runtime.

Nothing here imports emonext_mm, so that the plain host can be tried too.
"""
import itertools
import os
import socket
from contextlib import suppress

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS, TRANSFORMS

# Another range for each worker of pytest-xdist.
_ports = itertools.count(20_000 + 2_000 * int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]) + os.getpid() % 1_000)


@TRANSFORMS.register_module()
class ToyNoise(BaseTransform):
    """An image of 32 x 32 pixels of noise, the same at each visit."""

    def transform(self, results):
        rng = np.random.default_rng(results['sample_idx'])
        results['img'] = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
        return results


@DATASETS.register_module()
class ToyDataset(BaseDataset):
    """Eight images of two classes in turn."""

    METAINFO = {'classes': ('left', 'right')}  # noqa: RUF012

    def load_data_list(self):
        return [{'gt_label': i % 2} for i in range(8)]


def make_config(work_dir, **overrides):
    """A config of one epoch of two steps, with mixed precision and EMA, as the host's default runtime makes it."""

    def loader(*transforms):
        pipeline = [{'type': 'ToyNoise'}, *transforms, {'type': 'PackInputs'}]
        return {
            'batch_size': 4,
            'num_workers': 0,
            'persistent_workers': True,
            'pin_memory': True,
            'collate_fn': {'type': 'default_collate'},
            'dataset': {'type': 'ToyDataset', 'pipeline': pipeline},
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        }

    evaluator = [{'type': 'Accuracy', 'topk': 1}, {'type': 'ConfusionMatrix'}]
    cfg = {
        'default_scope': 'mmpretrain',
        'work_dir': str(work_dir),
        'model': {
            'type': 'ImageClassifier',
            'backbone': {'type': 'ConvNeXt', 'arch': {'depths': [1] * 4, 'channels': [4, 8, 8, 16]}},
            'head': {'type': 'LinearClsHead', 'num_classes': 2, 'in_channels': 16},
        },
        'data_preprocessor': {'num_classes': 2, 'mean': [127.0] * 3, 'std': [64.0] * 3, 'to_rgb': True},
        'train_dataloader': loader({'type': 'ColorJitter', 'saturation': 0.1}),
        'val_dataloader': loader(),
        'test_dataloader': loader(),
        'val_evaluator': evaluator,
        'test_evaluator': evaluator,
        'train_cfg': {'by_epoch': True, 'max_epochs': 1, 'val_interval': 1},
        'val_cfg': {},
        'test_cfg': {},
        'optim_wrapper': {
            'type': 'AmpOptimWrapper',
            'dtype': 'bfloat16',
            'optimizer': {'type': 'AdamW', 'lr': 0.1, 'weight_decay': 0.05},
            'paramwise_cfg': {'norm_decay_mult': 0.0},
            'clip_grad': {'max_norm': 1.0},
        },
        'param_scheduler': [{'type': 'LinearLR', 'start_factor': 0.1, 'by_epoch': False, 'end': 2}],
        'default_hooks': {
            'logger': {'type': 'LoggerHook', 'interval': 1},
            'checkpoint': {'type': 'CheckpointHook', 'interval': 1, 'save_best': 'auto'},
            'visualization': {'type': 'VisualizationHook', 'enable': False},
        },
        'custom_hooks': [{'type': 'EMAHook', 'momentum': 0.5}],
        'env_cfg': {'mp_cfg': {'mp_start_method': 'fork'}, 'dist_cfg': {'backend': 'nccl'}},
        'visualizer': {'type': 'UniversalVisualizer', 'vis_backends': [{'type': 'LocalVisBackend'}]},
        'randomness': {'seed': 0},
    }
    return Config({**cfg, **overrides})


def with_tta(cfg):
    """The config as the host's ``tools/test.py --tta`` changes it: two views, one of them mirrored."""
    cfg.model = {'type': 'AverageClsScoreTTA', 'module': cfg.model}
    flips = [{'type': 'RandomFlip', 'prob': 1.0}, {'type': 'RandomFlip', 'prob': 0.0}]
    tta = {'type': 'TestTimeAug', 'transforms': [flips, [{'type': 'PackInputs'}]]}
    cfg.test_dataloader.dataset.pipeline[-1] = tta
    return cfg


def free_port():
    """A port that nothing listens on, as text; below those that the system gives to others until it is bound."""
    return str(next(filter(_is_free, _ports)))


def _is_free(port):
    with socket.socket() as sock, suppress(OSError):
        sock.bind(('localhost', port))
        return True
    return False
