import pytest
import torch
from mmpretrain.models import ClsDataPreprocessor, build_classifier
from mmpretrain.structures import DataSample

from emonext_mm.models import STNDataPreprocessor
from emonext_mm.models.layers.affine import affine_warp

NORM = dict(mean=[100.0, 110.0, 120.0], std=[50.0, 60.0, 70.0])


def batch(n=4, channels=3, size=24, labels=True):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (n, channels, size, size), dtype=torch.uint8, generator=generator)
    return dict(inputs=inputs, data_samples=[DataSample().set_gt_label(i % 7) for i in range(n)] if labels else None)


def bend(preprocessor):
    """Leave the identity, by a different amount for each image."""
    torch.nn.init.normal_(preprocessor.localization.regressor[-1].weight, std=0.3)
    return preprocessor


def test_identity_at_the_start_is_the_host_preprocessor():
    ours, hosts = STNDataPreprocessor(24, **NORM), ClsDataPreprocessor(**NORM)
    expected = hosts(batch())['inputs']
    torch.testing.assert_close(ours(batch())['inputs'], expected, atol=1e-4, rtol=0)


def test_list_inputs_are_padded_before_the_stn():
    images = [torch.randint(0, 256, (3, 20, 18)), torch.randint(0, 256, (3, 17, 23))]
    out = STNDataPreprocessor(24, pad_size_divisor=8, **NORM)(dict(inputs=images))
    expected = ClsDataPreprocessor(pad_size_divisor=8, **NORM)(dict(inputs=images))['inputs']
    assert out['inputs'].shape == (2, 3, 24, 24)
    torch.testing.assert_close(out['inputs'], expected, atol=1e-4, rtol=0)


def test_grey_becomes_three_channels():
    assert STNDataPreprocessor(24, **NORM)(batch(channels=1))['inputs'].shape == (4, 3, 24, 24)


@pytest.mark.parametrize('align_corners', [False, True])
def test_warp_is_the_affine_warp_of_the_nets_theta(align_corners):
    stn = bend(STNDataPreprocessor(24, align_corners=align_corners)).eval()
    images = torch.randn(4, 3, 24, 24)
    warped, theta = stn.warp(images)
    assert torch.equal(theta, stn.localization(images))
    assert torch.equal(warped, affine_warp(images, theta, align_corners=align_corners))


def test_off():
    stn = STNDataPreprocessor(None, **NORM)
    assert torch.equal(stn(batch())['inputs'], ClsDataPreprocessor(**NORM)(batch())['inputs'])
    assert not list(stn.parameters())
    with pytest.raises(RuntimeError, match='the STN is off'):
        stn.warp(torch.rand(1, 3, 24, 24))


def test_the_stn_sees_faces_and_mixup_comes_after_it(monkeypatch):
    augments = dict(augments=[dict(type='Mixup', alpha=1.0)])
    stn = bend(STNDataPreprocessor(24, num_classes=7, batch_augments=augments, **NORM))
    seen = []
    stn.localization.register_forward_pre_hook(lambda module, args: seen.append(args[0].clone()))
    plain = ClsDataPreprocessor(**NORM)(batch())['inputs']
    mixed_in = []
    monkeypatch.setattr(stn, 'batch_augments', lambda x, y: (mixed_in.append(x) or x.flip(0), y.flip(0)))
    out = stn(batch(), training=True)
    assert torch.equal(seen[0], plain)
    assert torch.equal(out['inputs'], mixed_in[0].flip(0))
    assert [sample.gt_score.argmax().item() for sample in out['data_samples']] == [3, 2, 1, 0]


def test_no_batch_augmentation_at_test_time(monkeypatch):
    stn = STNDataPreprocessor(24, num_classes=7, batch_augments=dict(augments=[dict(type='Mixup', alpha=1.0)]), **NORM)
    monkeypatch.setattr(stn, 'batch_augments', lambda *_: pytest.fail('mixed'))
    stn(batch(), training=False)


def test_unlabelled_batch():
    assert STNDataPreprocessor(24, **NORM)(batch(labels=False))['data_samples'] is None


@pytest.mark.parametrize('init_cfg', [
    None,
    dict(type='TruncNormal', layer=['Conv2d', 'Linear'], std=0.02, bias=0.0),
    [dict(type='Kaiming', layer=['Conv2d', 'Linear']), dict(type='Constant', layer='BatchNorm2d', val=1)],
])
def test_theta_is_the_identity_after_every_init(init_cfg):
    model = build_classifier(
        dict(type='ImageClassifier',
             data_preprocessor=dict(type='STNDataPreprocessor', localization_size=24, **NORM),
             backbone=dict(type='EmoNeXt', arch='atto'),
             head=dict(type='SARegClsHead', num_classes=7, in_channels=320),
             init_cfg=init_cfg))
    model.init_weights()
    _, theta = model.data_preprocessor.warp(torch.randn(2, 3, 24, 24))
    assert torch.equal(theta, torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(2, 2, 3))


def test_before_any_backbone_it_learns():
    model = build_classifier(
        dict(type='ImageClassifier',
             data_preprocessor=dict(type='STNDataPreprocessor', localization_size=32, **NORM),
             backbone=dict(type='ResNet', depth=18),
             neck=dict(type='GlobalAveragePooling'),
             head=dict(type='LinearClsHead', num_classes=7, in_channels=512)))
    data = model.data_preprocessor(batch(size=32), training=True)
    model(**data, mode='loss')['loss'].backward()
    assert model.data_preprocessor.localization.regressor[-1].bias.grad.abs().sum() > 0
