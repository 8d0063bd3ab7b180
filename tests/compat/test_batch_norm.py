"""Two processes with half of the images each are compared with ``BatchNorm2d`` over all images."""
import copy

import pytest
import torch
from torch import nn

from emonext_mm.compat.batch_norm import CpuSyncBatchNorm, convert

IMAGES = torch.randn(6, 4, 5, 5, generator=torch.Generator().manual_seed(0)) * 3 + 100
HALVES = slice(0, 2), slice(2, 6)  # of different size


def step(norm, images, forward):
    """Result, gradient of the images, and all tensors after a step."""
    images = images.clone().requires_grad_()
    result = forward(images)
    (result * torch.arange(result.numel()).view(result.shape).cos()).sum().backward()
    return result.detach(), images.grad, dict(norm.state_dict()), [p.grad for p in norm.parameters()]


def run_rank(rank, folder):
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    norm = convert(nn.Sequential(nn.BatchNorm2d(4)))[0]
    weights = torch.arange(IMAGES.numel()).view(IMAGES.shape).cos()[HALVES[rank]]
    images = IMAGES[HALVES[rank]].clone().requires_grad_()
    result = norm(images)
    (result * weights).sum().backward()
    grads = [parameter.grad for parameter in norm.parameters()]
    for grad in grads:
        torch.distributed.all_reduce(grad)  # as DistributedDataParallel does
    torch.save((result.detach(), images.grad, norm.state_dict(), grads), folder / f'{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def halves(tmp_path_factory):
    folder = tmp_path_factory.mktemp('ranks')
    torch.multiprocessing.spawn(run_rank, (folder, ), nprocs=2)
    return [torch.load(folder / f'{rank}.pt') for rank in range(2)]


@pytest.mark.slow
def test_two_processes_normalise_as_one(halves):
    norm = nn.BatchNorm2d(4)
    result, grad, state, grads = step(norm, IMAGES, norm)
    close = {'rtol': 1e-4, 'atol': 1e-4}
    torch.testing.assert_close(torch.cat([half[0] for half in halves]), result, **close)
    torch.testing.assert_close(torch.cat([half[1] for half in halves]), grad, **close)
    for half in halves:
        torch.testing.assert_close(half[2], state, **close)
        torch.testing.assert_close(half[3], grads, **close)


@pytest.mark.slow
def test_running_values_are_those_of_all_images(halves):
    for half in halves:
        torch.testing.assert_close(half[2]['running_mean'], 0.1 * IMAGES.mean((0, 2, 3)))
        torch.testing.assert_close(half[2]['running_var'], 0.9 + 0.1 * IMAGES.var((0, 2, 3)))
        assert half[2]['num_batches_tracked'] == 1


def test_a_single_process_is_torch():
    norm = nn.Sequential(nn.BatchNorm2d(4, affine=False), nn.BatchNorm2d(4, momentum=None))
    for training in (True, False):
        expected, found = (each.train(training)(IMAGES) for each in (copy.deepcopy(norm), convert(copy.deepcopy(norm))))
        assert torch.equal(found, expected)
    assert isinstance(convert(norm)[1], CpuSyncBatchNorm)


def test_a_vector():
    with pytest.raises(ValueError, match=r'\(4,\)'):
        CpuSyncBatchNorm(4)(torch.zeros(4))
