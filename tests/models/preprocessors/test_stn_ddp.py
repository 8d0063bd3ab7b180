"""The STN stands in the preprocessor, outside the wrapper's ``forward``: its gradients are reduced all the same."""
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmpretrain.models import build_classifier
from mmpretrain.structures import DataSample

import emonext_mm  # noqa: F401, the spawned processes import this file alone

SIZE = 32


def build():
    """A classifier off the identity, in float64; in eval mode, so that a sample does not depend on the others."""
    torch.manual_seed(0)
    model = build_classifier(
        dict(type='ImageClassifier',
             data_preprocessor=dict(type='STNDataPreprocessor', localization_size=SIZE, mean=[127.0] * 3,
                                    std=[64.0] * 3),
             backbone=dict(type='EmoNeXt', arch=dict(depths=[1] * 4, channels=[16] * 4), layer_scale_init_value=1.0),
             head=dict(type='SARegClsHead', num_classes=7, in_channels=16)))
    torch.nn.init.normal_(model.data_preprocessor.localization.regressor[-1].weight, std=0.1)
    return model.double().eval()


def train_step(model, part):
    """The gradients of a training step on some of eight images: what a step of SGD at rate 1 takes off."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (8, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator)
    samples = [DataSample().set_gt_label(i % 7) for i in range(8)]
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0))
    model.train_step(dict(inputs=images[part], data_samples=samples[part]), optim_wrapper)
    return {name.removeprefix('module.'): before[name] - p.detach() for name, p in model.named_parameters()}


HALVES = slice(0, 4), slice(4, 8)


def run_rank(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    model = MMDistributedDataParallel(build(), broadcast_buffers=False)
    torch.save(train_step(model, HALVES[rank]), folder / f'{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def whole():
    return train_step(build(), slice(None))


def assert_close(gradients, expected):
    assert gradients.keys() == expected.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-6, atol=1e-12)


def test_two_processes_with_half_a_batch_each_have_the_gradients_of_the_whole(whole, tmp_path):
    torch.multiprocessing.spawn(run_rank, (tmp_path, ), nprocs=2)
    for rank in range(2):
        assert_close(torch.load(tmp_path / f'{rank}.pt'), whole)


def test_without_reduction_they_differ(whole):
    first, second = (train_step(build(), half) for half in HALVES)
    for name in whole:
        if name.startswith('data_preprocessor.localization.features'):
            scale = whole[name].abs().max()
            assert scale > 1e-8
            assert (first[name] - second[name]).abs().max() > 0.1 * scale
    assert_close({name: (first[name] + second[name]) / 2 for name in whole}, whole)
