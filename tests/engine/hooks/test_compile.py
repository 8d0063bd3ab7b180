import copy
import pickle
from types import SimpleNamespace

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmpretrain.models import ConvNeXt
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend

from emonext_mm.engine import CompileHook, ForeachEMA
from emonext_mm.models import EmoNeXt
from tests.models.preprocessors.test_stn_ddp import HALVES, assert_close, build, train_step

ARCH = dict(depths=[1] * 4, channels=[16] * 4)


@pytest.fixture(autouse=True)
def _nothing_compiled_before():
    torch._dynamo.reset()


class Classifier(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, images):
        return self.backbone(images)[-1]


class Wrapper(nn.Module):
    """As DDP and test-time augmentation have the model."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, images):
        return self.module(images)


def compiled(model, **options):
    CompileHook(fullgraph=True, **options).before_run(SimpleNamespace(model=model))
    return model


def run(model, images, autocast):
    """Features, and where the model trains, gradients."""
    model.zero_grad()
    torch.manual_seed(1)  # the same paths are dropped
    with torch.autocast('cpu', torch.bfloat16, enabled=autocast), torch.set_grad_enabled(model.training):
        features = model(images)
    if model.training:
        features[:, :8].square().sum().backward()
    return [features.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]


@pytest.mark.parametrize(('backbone', 'options', 'autocast'), [
    (EmoNeXt, dict(with_cp=True), True),
    (EmoNeXt, dict(se_after=(), se_before=(1, 2, 3), se_bias=False, frozen_stages=1), False),
    (ConvNeXt, dict(), False),
])
def test_same_numbers_from_one_graph(backbone, options, autocast):
    """To the last bit with what the compiler makes of the model; no graph breaks, one graph for training and one for
    evaluation, whatever its batches' sizes."""
    plain = Classifier(backbone(ARCH, layer_scale_init_value=1.0, drop_path_rate=0.5, **options))
    counter = CompileCounterWithBackend('aot_eager')
    model = Wrapper(compiled(copy.deepcopy(plain), backend=counter))
    for training, sizes in ((True, (4, 4)), (False, (6, 6, 3)), (True, (4, ))):
        plain.train(training), model.train(training)
        for size in sizes:
            images = torch.rand(size, 3, 32, 32)
            for one, other in zip(run(model, images, autocast), run(plain, images, autocast)):
                assert torch.equal(one, other)
    assert counter.frame_count == 2


@pytest.mark.parametrize('wrap', [lambda model: model, Wrapper, lambda model: Wrapper(Wrapper(model))])
def test_finds_the_backbone_in_wrappers(wrap):
    model = Classifier(EmoNeXt(ARCH))
    counter = CompileCounterWithBackend('eager')
    compiled(wrap(model), backend=counter)(torch.rand(2, 3, 32, 32))
    assert counter.frame_count == 1


def test_checkpoints_and_averages_do_not_notice():
    model = Classifier(EmoNeXt(ARCH))
    keys = list(model.state_dict())
    compiled(model, backend='eager')
    assert list(model.state_dict()) == keys
    assert list(ForeachEMA(model).module.state_dict()) == keys
    assert model.backbone.get_layer_depth('stages.2.0.gamma') == (3, 8)
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(pickle.loads(pickle.dumps(model))(images), model(images))
    with pytest.raises(ValueError, match='not of this EmoNeXt'):
        model.load_state_dict({'backbone.norm3.bias': torch.ones(16)}, strict=False)


def test_a_model_without_backbone():
    with pytest.raises(ValueError, match='CompileHook: Linear has no backbone'):
        compiled(nn.Linear(2, 2))


def run_rank(rank, folder):
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2)
    model = MMDistributedDataParallel(build(), broadcast_buffers=False)
    for block in (stage[0] for stage in model.module.backbone.stages):
        block.with_cp = True
    torch.save(train_step(compiled(model, backend='aot_eager'), HALVES[rank]), folder / f'{rank}.pt')
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_reduce_the_gradients_of_a_compiled_model(tmp_path):
    """Its blocks recomputed, too."""
    whole = train_step(build(), slice(None))
    torch.multiprocessing.spawn(run_rank, (tmp_path, ), nprocs=2)
    for rank in range(2):
        assert_close(torch.load(tmp_path / f'{rank}.pt'), whole)


@pytest.mark.slow
def test_inductor():
    """The default compiler, on the CPU a C++ one: equal to rounding."""
    torch.manual_seed(0)
    arch = dict(depths=[0, 0, 0, 1], channels=[16] * 4)
    plain = Classifier(EmoNeXt(arch, layer_scale_init_value=1.0, se_after=(3, )))
    model, images = compiled(copy.deepcopy(plain)), torch.randn(4, 3, 64, 64)
    for one, other in zip(run(model, images, False), run(plain, images, False)):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
