import argparse

import pytest
import torch
import torch.nn.functional as F
from mmengine.hooks import EMAHook
from torch import nn

from emonext_mm.compat.config import has_bfloat16
from tests.helpers.scripts import ROOT


@pytest.fixture
def training(script):
    return script('_training')


def test_config_keeps_its_training_alone(training, config):
    cfg = training.load_config(config, {}, 'bfloat16', batch=4)
    assert cfg.custom_hooks[0].type == 'EMAHook'
    assert cfg.optim_wrapper.optimizer == dict(type='AdamW', lr=1e-4, weight_decay=0.01, fused=True)
    assert cfg.model.backbone == dict(type='EmoNeXt', arch='mini', drop_path_rate=0.1, init_cfg=None)
    assert cfg.train_dataloader.batch_size == 4
    assert cfg.train_dataloader.num_workers == 4
    assert cfg.default_hooks.checkpoint is None
    assert cfg.val_dataloader is cfg.test_dataloader is None


def test_config_of_another_data_set(training):
    with pytest.raises(ValueError, match=r'synthetic\.py: .*SyntheticFER.*FER2013'):
        training.load_config(str(ROOT / 'configs' / 'emonext_atto_synthetic.py'), {}, 'float32', batch=4)


def test_of_size(training):
    assert training.of_size('base') == {'model.backbone.arch': 'base', 'model.head.in_channels': 1024}
    with pytest.raises(ValueError, match=r"'giant', .* atto, femto"):
        training.of_size('giant')


@pytest.mark.parametrize(('precision', 'dtype'), [('float32', torch.float32), ('bfloat16', torch.bfloat16)])
def test_a_step_is_a_whole_iteration(training, config, precision, dtype):
    ours = training.ConfigTraining(training.load_config(config, {}, precision, batch=4))
    model, head = ours.runner.model, ours.runner.model.head
    assert ours.batch['inputs'].shape == (4, 1, 32, 32)
    assert ours.image_shape() == (3, 32, 32)
    seen = []
    model.backbone.stages[0][0].depthwise_conv.register_forward_hook(lambda module, images, out: seen.append(out.dtype))
    before = head.fc.weight.clone()
    for _ in range(17):
        ours.step()
    assert seen == [dtype] * 17
    assert not torch.equal(head.fc.weight, before)
    ema = next(hook for hook in ours.runner.hooks if isinstance(hook, EMAHook)).ema_model
    assert ema.steps == 17
    # The EMA is updated at steps 0, which copies, and 16.
    assert not torch.equal(ema.module.head.fc.weight, before)
    assert not torch.equal(ema.module.head.fc.weight, head.fc.weight)
    assert ours.runner.iter == 17


def test_an_epoch_reads_all_images_from_disk(training, config):
    options = {'train_dataloader.num_workers': 0}
    ours = training.ConfigTraining(training.load_config(config, options, 'float32', batch=4), images=12)
    shapes = []
    ours.runner.model.backbone.register_forward_pre_hook(lambda module, args: shapes.append(tuple(args[0].shape)))
    ours.epoch()
    ours.epoch()
    assert shapes == [(4, 3, 32, 32)] * 6
    assert ours.runner.epoch == 2


def test_the_backbone_is_compiled(training, config, monkeypatch):
    compiled = []
    monkeypatch.setattr(nn.Module, 'compile', lambda module: compiled.append(type(module).__name__))
    cfg = training.load_config(config, {}, 'float32', batch=4)
    training.ConfigTraining(cfg)
    assert compiled == []
    training.ConfigTraining(cfg, compiled=True)
    training.timm_training(cfg, 4, (3, 32, 32), 'float32', compiled=True)
    assert compiled == ['EmoNeXt', 'ConvNeXt']


def test_plain_step_equals_one_by_hand(training):
    model = nn.Linear(4, 7)
    by_hand = nn.Linear(4, 7)
    by_hand.load_state_dict(model.state_dict())
    images, labels = torch.randn(9, 4), torch.arange(9) % 7
    plain = training.PlainTraining(model, lambda x, y: F.cross_entropy(model(x), y), images, 'float32',
                                   dict(type='SGD', lr=0.5))
    for _ in range(2):
        plain.step()
        gradients = torch.autograd.grad(F.cross_entropy(by_hand(images), labels), list(by_hand.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(by_hand.parameters(), gradients):
                parameter -= 0.5 * gradient
    torch.testing.assert_close(model.state_dict(), by_hand.state_dict())


def test_timm_follows_the_config(training, config):
    cfg = training.load_config(config, {}, 'bfloat16', batch=4)
    plain = training.timm_training(cfg, 4, (3, 32, 32), 'bfloat16')
    assert isinstance(plain.optimizer, torch.optim.AdamW)
    assert {key: plain.optimizer.defaults[key] for key in ('lr', 'weight_decay')} == dict(lr=1e-4, weight_decay=0.01)
    assert plain.images.shape == (4, 3, 32, 32)
    assert plain.images.is_contiguous(memory_format=torch.channels_last)
    model = training.timm_model(cfg)
    assert model.stem[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert model.stages[-1].blocks[-1].drop_path.drop_prob == pytest.approx(0.1)
    assert model.num_classes == 7
    logits = torch.randn(3, 7)
    loss = training.smoothed_loss(lambda images: logits, cfg)(None, torch.tensor([0, 1, 2]))
    targets = 0.8 * F.one_hot(torch.tensor([0, 1, 2]), 7) + 0.2 / 7
    torch.testing.assert_close(loss, -(targets * logits.log_softmax(1)).sum(1).mean())


def test_options(training):
    parser = argparse.ArgumentParser()
    training.add_config_options(parser)
    args = parser.parse_args([])
    assert args.config == 'configs/emonext_tiny_fer2013.py'
    on_cpu = 'bfloat16' if has_bfloat16() else 'float32'
    assert args.precision == ('float16' if torch.cuda.is_available() else on_cpu)
