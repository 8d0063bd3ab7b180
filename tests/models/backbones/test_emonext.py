import pytest
import torch
from mmengine.runner import load_checkpoint
from mmpretrain.models import ConvNeXt
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from emonext_mm.models import EmoNeXt

# Millions of parameters of plain ConvNeXt with a head for ImageNet's 1000 classes: Liu et al. 2022, table 9 (the five
# sizes of the paper); timm's results table (the four smaller sizes).
CONVNEXT_PARAMETERS = dict(
    atto=3.7, femto=5.2, pico=9.0, nano=15.6, tiny=28.6, small=50.2, base=88.6, large=197.8, xlarge=350.2)


def small(**kwargs):
    return EmoNeXt(dict(depths=[1, 1, 2, 1], channels=[16, 32, 48, 64]), **kwargs)


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('size', CONVNEXT_PARAMETERS)
def test_every_size_is_convnext_plus_se(size, undrawn):
    model = EmoNeXt(size)
    se = sum(2 * c * (c // 16) + c + c // 16 for c in model.channels)
    head = 1000 * (model.channels[-1] + 1)
    assert round((count(model) - se + head) / 1e6, 1) == CONVNEXT_PARAMETERS[size]
    assert count(model.se_after) == se


@pytest.mark.parametrize(('out_indices', 'channels'), [(-1, [64]), ((0, -1), [16, 64]), ((1, 2), [32, 48])])
def test_out_indices(out_indices, channels):
    outs = small(out_indices=out_indices)(torch.rand(2, 3, 32, 32))
    assert [tuple(out.shape) for out in outs] == [(2, c) for c in channels]


def test_feature_maps():
    out, = small(gap_before_final_norm=False)(torch.rand(2, 3, 64, 64))
    assert out.shape == (2, 64, 2, 2)


def test_stage_out_of_range():
    with pytest.raises(ValueError, match=r'0\.\.3, got 4'):
        small(se_after=(4, ))


def test_equals_convnext_without_se():
    ours, theirs = small(se_after=()), ConvNeXt(dict(depths=[1, 1, 2, 1], channels=[16, 32, 48, 64]))
    ours.load_state_dict(theirs.state_dict())
    images = torch.rand(2, 3, 32, 32)
    features = [model(images)[0] for model in (ours, theirs)]
    torch.testing.assert_close(*features)
    weights = torch.randn_like(features[0])
    gradients = [dict(zip(model.state_dict(), torch.autograd.grad((x * weights).sum(), list(model.parameters()))))
                 for model, x in zip((ours, theirs), features)]
    torch.testing.assert_close(*gradients)


def test_se_formula():
    """x * sigmoid(W2 relu(W1 GAP(x) + b1) + b2), in float64, after every stage."""
    model = small(layer_scale_init_value=1.0).double().eval()
    for p in model.parameters():
        nn.init.normal_(p, std=0.3)
    x = images = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    for i in range(4):
        x = model.stages[i](model.downsample_layers[i](x))
        se = model.se_after[str(i)]
        w1, b1, w2, b2 = se.conv1.conv.weight, se.conv1.conv.bias, se.conv2.conv.weight, se.conv2.conv.bias
        gate = torch.sigmoid((x.mean((2, 3)) @ w1[:, :, 0, 0].T + b1).relu() @ w2[:, :, 0, 0].T + b2)
        x = x * gate[:, :, None, None]
    torch.testing.assert_close(model(images)[0], model.norm3(x.mean((2, 3), keepdim=True)).flatten(1))


def test_se_of_the_authors_code():
    """After the three inner downsamplings, without bias, with C // 16 squeezed channels."""
    model = small(se_after=(), se_before=(1, 2, 3), se_bias=False)
    assert list(model.se_before) == ['1', '2', '3']
    assert len(model.se_after) == 0
    assert [tuple(p.shape[:2]) for p in model.se_before.parameters()] == [(2, 32), (32, 2), (3, 48), (48, 3), (4, 64),
                                                                        (64, 4)]
    se_calls, stage_inputs, downsampled = [], [], []
    model.se_before['2'].register_forward_hook(lambda module, args, out: se_calls.append((args[0], out)))
    model.stages[2].register_forward_pre_hook(lambda module, args: stage_inputs.append(args[0]))
    model.downsample_layers[2].register_forward_hook(lambda module, args, out: downsampled.append(out))
    model(torch.rand(1, 3, 64, 64))
    assert se_calls[0][0] is downsampled[0]
    assert se_calls[0][1] is stage_inputs[0]


def test_equal_gates_keep_pretrained_features():
    """With all gates at 1/2, which the next LayerNorm cancels up to its epsilon."""
    ours, theirs = small(layer_scale_init_value=1.0), ConvNeXt(
        dict(depths=[1, 1, 2, 1], channels=[16, 32, 48, 64]), layer_scale_init_value=1.0)
    theirs.init_weights()
    ours.load_state_dict(theirs.state_dict(), strict=False)
    for p in ours.se_after.parameters():
        nn.init.zeros_(p)
    images = torch.randn(2, 3, 64, 64)
    assert (ours(images)[0] - theirs(images)[0]).abs().max() < 0.05 * theirs(images)[0].abs().max()


def test_init_weights_keeps_small_se_weights():
    torch.manual_seed(0)
    model = small()
    model.init_weights()
    assert max(p.abs().max() for p in model.se_after.parameters()) < 0.1


def save(tmp_path, state_dict):
    path = tmp_path / 'weights.pth'
    torch.save(dict(state_dict={f'backbone.{key}': value for key, value in state_dict.items()}), path)
    return dict(type='Pretrained', checkpoint=str(path), prefix='backbone.')


def plain_convnext():
    model = ConvNeXt(dict(depths=[1, 1, 2, 1], channels=[16, 32, 48, 64]))
    model.init_weights()
    return model.state_dict()


def test_plain_convnext_weights_load_with_only_se_keys_missing(tmp_path):
    weights = plain_convnext()
    result = small().load_state_dict(weights, strict=False)
    assert not result.unexpected_keys
    assert set(result.missing_keys) == {key for key in small().state_dict() if key.startswith('se_after.')}
    model = small(init_cfg=save(tmp_path, weights))
    model.init_weights()
    assert all(torch.equal(model.state_dict()[key], value) for key, value in weights.items())


@pytest.mark.parametrize(('change', 'message'), [
    (lambda w: w.pop('norm3.bias'), r'1 missing \(norm3.bias\)'),
    (lambda w: w.update({'stages.9.x': torch.ones(1)}), r'1 unexpected \(stages.9.x\)'),
    (lambda w: w.update({'norm3.bias': torch.ones(3)}), r'1 of another shape \(norm3.bias\)'),
])
def test_any_other_mismatch_is_an_error(tmp_path, change, message):
    weights = plain_convnext()
    change(weights)
    with pytest.raises(ValueError, match=message):
        small(init_cfg=save(tmp_path, weights)).init_weights()


def test_missing_prefix_is_an_error(tmp_path):
    init_cfg = save(tmp_path, plain_convnext())
    with pytest.raises(ValueError, match=r'unexpected .backbone'):
        load_checkpoint(small(), init_cfg['checkpoint'])


def test_frozen_stages_include_their_se():
    model = small(frozen_stages=2, se_before=(1, )).train()
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert all(name.split('.')[1] in '01' for name in frozen)
    assert {'se_after.0.conv1.conv.weight', 'se_after.1.conv2.conv.bias', 'se_before.1.conv1.conv.bias'} <= frozen
    assert not model.se_after['1'].training
    assert model.se_after['2'].training


@pytest.mark.parametrize(('name', 'same_as'), [
    ('se_after.0.conv1.conv.weight', 'stages.0.2.gamma'),
    ('se_after.2.conv1.conv.weight', 'stages.2.8.gamma'),
    ('se_before.3.conv2.conv.weight', 'downsample_layers.3.0.weight'),
])
def test_layer_depth_of_se(name, same_as, undrawn):
    model = EmoNeXt('tiny', se_before=(1, 2, 3))
    assert model.get_layer_depth(f'backbone.{name}', 'backbone.') == model.get_layer_depth(
        f'backbone.{same_as}', 'backbone.')
    assert model.get_layer_depth('head.fc.weight', 'backbone.') == (7, 8)


def test_train_returns_the_module():
    model = small()
    assert model.train() is model
    assert model.eval() is model


def test_out_indices_of_the_caller_are_unchanged():
    out_indices = [0, -1]
    small(out_indices=out_indices)
    assert out_indices == [0, -1]


def test_gradients_reach_every_parameter():
    model = small()
    model(torch.rand(2, 3, 32, 32))[0].square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


class Recorder(TorchDispatchMode):
    """Record operators and their results."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.calls.append((func.overloadpacket, result))
        return result


@pytest.mark.parametrize('autocast', [False, True])
def test_all_feature_maps_are_channels_last(autocast):
    """Only the input images are copied."""
    model, images = small(se_before=(1, )), torch.rand(2, 3, 64, 64)
    with Recorder() as recorder, torch.autocast('cpu', torch.bfloat16, enabled=autocast):
        model(images)
    maps = [(op, result) for op, result in recorder.calls if isinstance(result, torch.Tensor) and result.ndim == 4]
    assert sum(op is torch.ops.aten.clone for op, _ in maps) == 1
    assert model.downsample_layers[1][1].weight.is_contiguous(memory_format=torch.channels_last)
    convolved = [result for op, result in maps if op is torch.ops.aten.convolution]
    assert len(convolved) == 5 + 2 * 5  # depthwise and SE; patches are mapped by linear layers
    assert all(result.is_contiguous(memory_format=torch.channels_last) for result in convolved)


def test_bfloat16_autocast_equals_float32_within_rounding():
    """Features of variance 1 within 0.1; direction of the gradient within 1 %, norm within 2 %."""
    torch.manual_seed(0)
    model, images = small(layer_scale_init_value=1.0), torch.randn(8, 3, 64, 64)
    results = []
    for enabled in (False, True):
        model.zero_grad()
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            features, = model(images)
        features.float()[:, :8].square().sum().backward()
        results.append((features.detach(), torch.cat([p.grad.flatten() for p in model.parameters()]).double()))
    (plain, gradient), (cast, cast_gradient) = results
    assert 1e-3 < (cast - plain).abs().max() < 0.1
    assert torch.cosine_similarity(cast_gradient, gradient, 0) > 0.99
    assert cast_gradient.norm() / gradient.norm() == pytest.approx(1, abs=0.02)


def features_and_gradients(model, images, autocast):
    model.zero_grad()
    torch.manual_seed(1)  # for the same drop paths
    with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
        features, = model(images)
    features[:, :8].square().sum().backward()
    return [features.detach(), *(p.grad.clone() for p in model.parameters())]


@pytest.mark.parametrize('autocast', [False, True])
def test_gradient_checkpointing_is_exact(autocast):
    """Recomputed blocks drop the same paths, and give bitwise equal features and gradients."""
    torch.manual_seed(0)
    options = dict(layer_scale_init_value=1.0, drop_path_rate=0.5)
    plain, recomputed = small(**options), small(**options, with_cp=True)
    recomputed.load_state_dict(plain.state_dict())
    images, computed = torch.rand(4, 3, 64, 64), []
    for model in (plain, recomputed):
        model.stages[2][0].register_forward_hook(lambda *_: computed.append('entered'))
        model.stages[2][0].norm.register_forward_hook(lambda *_: computed.append('computed'))
    results = [features_and_gradients(model, images, autocast) for model in (plain, recomputed)]
    for one, other in zip(*results):
        assert torch.equal(one, other)
    assert computed == ['computed', 'entered', 'computed', 'entered', 'computed']


@pytest.mark.parametrize(('kernel_size', 'stride'), [(3, 2), (4, 2), (5, 2), (7, 4), (3, 1), (5, 3)])
def test_overlapping_stem_keeps_the_size_of_the_map(kernel_size, stride):
    backbone = EmoNeXt('atto', stem_patch_size=stride, stem_kernel_size=kernel_size)
    stem = backbone.downsample_layers[0]
    assert stem[0].kernel_size == (kernel_size, kernel_size)
    assert stem(torch.zeros(1, 3, 48, 48)).shape[-2:] == (48 // stride, 48 // stride)


@pytest.mark.parametrize(('kernel_size', 'stride'), [(2, 4), (3, 4), (4, 1)])
def test_stem_kernel_that_does_not_fit_its_stride(kernel_size, stride):
    with pytest.raises(ValueError, match=rf'stem_kernel_size {kernel_size}.*stride {stride}'):
        EmoNeXt('atto', stem_patch_size=stride, stem_kernel_size=kernel_size)


def test_overlapping_stem_is_initialised_frozen_and_decayed_as_a_stem():
    backbone = EmoNeXt('atto', stem_patch_size=2, stem_kernel_size=5, frozen_stages=1)
    backbone.init_weights()
    stem = backbone.downsample_layers[0][0]
    assert float(stem.weight.std()) == pytest.approx(0.02, rel=0.1)  # ConvNeXt's
    assert not stem.bias.any()
    assert not stem.weight.requires_grad
    assert backbone.get_layer_depth('downsample_layers.0.0.weight') == (0, 8)
