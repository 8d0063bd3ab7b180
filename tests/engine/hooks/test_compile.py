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
from tests.helpers.stn_training import HALVES, assert_close, build, train_step

# Fewer stages, of the same layers, compile faster.
ONE_STAGE = dict(arch=dict(depths=[1], channels=[16]), out_indices=0)
TWO_STAGES = dict(arch=dict(depths=[1, 1], channels=[16, 16]), out_indices=1)


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
    """Wrapper of a model, like DDP and test-time augmentation."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, images):
        return self.module(images)


def compiled(model, **options):
    CompileHook(fullgraph=True, **options).before_run(SimpleNamespace(model=model))
    return model


def run(model, images, autocast):
    """Features and, in training mode, gradients."""
    model.zero_grad()
    torch.manual_seed(1)  # for the same drop paths
    with torch.autocast('cpu', torch.bfloat16, enabled=autocast), torch.set_grad_enabled(model.training):
        features = model(images)
    if model.training:
        features[:, :8].square().sum().backward()
    return [features.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]


@pytest.mark.parametrize(('options', 'autocast'), [
    (dict(**TWO_STAGES, se_after=(0, 1), se_before=(1, ), frozen_stages=1, with_cp=True), True),
    (dict(**ONE_STAGE, se_after=(0, )), False),
])
def test_compiled_model_is_exact(options, autocast):
    """Bitwise equal results; no graph breaks, one graph for training and one for evaluation with all batch sizes."""
    plain = Classifier(EmoNeXt(layer_scale_init_value=1.0, drop_path_rate=0.5, **options))
    counter = CompileCounterWithBackend('aot_eager')
    model = Wrapper(compiled(copy.deepcopy(plain), backend=counter))
    for training, sizes in ((True, (4, 4)), (False, (6, 6, 3)), (True, (4, ))):
        plain.train(training), model.train(training)
        for size in sizes:
            images = torch.rand(size, 3, 16, 16)
            for one, other in zip(run(model, images, autocast), run(plain, images, autocast)):
                assert torch.equal(one, other)
    assert counter.frame_count == 2


@pytest.mark.parametrize('wrap', [lambda model: model, Wrapper, lambda model: Wrapper(Wrapper(model))])
def test_finds_the_backbone_in_wrappers(wrap):
    model = Classifier(ConvNeXt(**ONE_STAGE))
    counter = CompileCounterWithBackend('eager')
    compiled(wrap(model), backend=counter)(torch.rand(2, 3, 32, 32))
    assert counter.frame_count == 1


def test_keys_copies_and_checks_are_unchanged():
    model = Classifier(EmoNeXt(**TWO_STAGES, se_after=(0, 1)))
    keys = list(model.state_dict())
    compiled(model, backend='eager')
    assert list(model.state_dict()) == keys
    assert list(ForeachEMA(model).module.state_dict()) == keys
    assert model.backbone.get_layer_depth('stages.1.0.gamma') == (2, 8)
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(pickle.loads(pickle.dumps(model))(images), model(images))
    with pytest.raises(ValueError, match='EmoNeXt'):
        model.load_state_dict({'backbone.norm1.bias': torch.ones(16)}, strict=False)


def test_model_without_backbone():
    with pytest.raises(ValueError, match='Linear has no backbone'):
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
    """With gradient checkpointing."""
    whole = train_step(build(), slice(None))
    torch.multiprocessing.spawn(run_rank, (tmp_path, ), nprocs=2)
    for rank in range(2):
        assert_close(torch.load(tmp_path / f'{rank}.pt'), whole)


@pytest.mark.slow
def test_inductor():
    """Default compiler, which needs a C++ compiler on the CPU: equal within rounding."""
    torch.manual_seed(0)
    arch = dict(depths=[0, 0, 0, 1], channels=[16] * 4)
    plain = Classifier(EmoNeXt(arch, layer_scale_init_value=1.0, se_after=(3, )))
    model, images = compiled(copy.deepcopy(plain)), torch.randn(4, 3, 64, 64)
    for one, other in zip(run(model, images, False), run(plain, images, False)):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
