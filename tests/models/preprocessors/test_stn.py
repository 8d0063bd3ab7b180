import pytest
import torch
from mmengine.dataset import Compose, default_collate
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from mmpretrain.models import ClsDataPreprocessor, build_classifier
from mmpretrain.structures import DataSample
from torch import nn
from torch.autograd import gradcheck

from emonext_mm.datasets import SyntheticFER
from emonext_mm.models import AffineView, STNDataPreprocessor
from emonext_mm.models.layers.affine import affine_warp, compose_affine
from tests.helpers.stn_training import HALVES, assert_close, build, train_step

NORM = dict(mean=[100.0, 110.0, 120.0], std=[50.0, 60.0, 70.0])


def batch(n=4, channels=3, size=24, labels=True):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(0, 256, (n, channels, size, size), dtype=torch.uint8, generator=generator)
    return dict(inputs=inputs, data_samples=[DataSample().set_gt_label(i % 7) for i in range(n)] if labels else None)


def leave_identity(preprocessor):
    """Make theta differ from the identity, and between images."""
    torch.nn.init.normal_(preprocessor.localization.regressor[-1].weight, std=0.3)
    return preprocessor


def test_initially_equals_mmpretrain():
    ours, theirs = STNDataPreprocessor(24, **NORM), ClsDataPreprocessor(**NORM)
    expected = theirs(batch())['inputs']
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
def test_warp_uses_the_theta_of_the_localisation_network(align_corners):
    stn = leave_identity(STNDataPreprocessor(24, align_corners=align_corners)).eval()
    images = torch.randn(4, 3, 24, 24)
    warped, theta = stn.warp(images)
    assert torch.equal(theta, stn.localization(images))
    assert torch.equal(warped, affine_warp(images, theta, align_corners=align_corners))


def test_disabled():
    stn = STNDataPreprocessor(None, **NORM)
    assert torch.equal(stn(batch())['inputs'], ClsDataPreprocessor(**NORM)(batch())['inputs'])
    assert not list(stn.parameters())
    with pytest.raises(RuntimeError, match='the STN is off'):
        stn.warp(torch.rand(1, 3, 24, 24))


def test_stn_precedes_mixup(monkeypatch):
    augments = dict(augments=[dict(type='Mixup', alpha=1.0)])
    stn = leave_identity(STNDataPreprocessor(24, num_classes=7, batch_augments=augments, **NORM))
    seen = []
    stn.localization.register_forward_pre_hook(lambda module, args: seen.append(args[0].clone()))
    plain = ClsDataPreprocessor(**NORM)(batch())['inputs']
    warped = []
    monkeypatch.setattr(stn, 'batch_augments', lambda x, y: (warped.append(x) or x.flip(0), y.flip(0)))
    out = stn(batch(), training=True)
    assert torch.equal(seen[0], plain)
    assert torch.equal(out['inputs'], warped[0].flip(0))
    assert [sample.gt_score.argmax().item() for sample in out['data_samples']] == [3, 2, 1, 0]


def test_no_batch_augmentation_at_test_time(monkeypatch):
    stn = STNDataPreprocessor(24, num_classes=7, batch_augments=dict(augments=[dict(type='Mixup', alpha=1.0)]), **NORM)
    monkeypatch.setattr(stn, 'batch_augments', lambda *_: pytest.fail('mixed'))
    stn(batch(), training=False)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_the_cpu_does_not_wait_for_the_gpu():
    """In training, with and without a view; the labels are unchanged."""
    for view in (None, AffineView(32, degrees=10)):
        stn = leave_identity(STNDataPreprocessor(24, view=view, mean=[100.0] * 3, std=[50.0] * 3)).cuda().train()
        stn(batch(channels=1), training=True)  # loads the libraries
        data = batch(channels=1)
        data['inputs'] = data['inputs'].pin_memory()
        torch.cuda.set_sync_debug_mode('error')
        try:
            out = stn(data, training=True)
        finally:
            torch.cuda.set_sync_debug_mode('default')
        assert [int(sample.gt_label) for sample in out['data_samples']] == [0, 1, 2, 3]
        assert torch.equal(stn(data)['inputs'], stn(data)['inputs'])  # a batch whose labels are on the GPU by now


def test_labels_on_the_device(monkeypatch):
    """Only labels on the CPU can be pinned, so others stay as they are. "meta" stands for a GPU."""
    stn = STNDataPreprocessor(24, **NORM)
    monkeypatch.setattr(STNDataPreprocessor, 'device', torch.device('cuda'))
    samples = [sample.to('meta') for sample in batch()['data_samples']]
    stn._send_labels(samples)
    assert {sample.gt_label.device.type for sample in samples} == {'meta'}


def test_batch_without_labels():
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


def test_learns_with_another_backbone():
    model = build_classifier(
        dict(type='ImageClassifier',
             data_preprocessor=dict(type='STNDataPreprocessor', localization_size=32, **NORM),
             backbone=dict(type='ResNet', depth=18),
             neck=dict(type='GlobalAveragePooling'),
             head=dict(type='LinearClsHead', num_classes=7, in_channels=512)))
    data = model.data_preprocessor(batch(size=32), training=True)
    model(**data, mode='loss')['loss'].backward()
    assert model.data_preprocessor.localization.regressor[-1].bias.grad.abs().sum() > 0


def average_with(other):
    """Hook that averages gradients with those of an ``other`` process, in place of the all-reduce."""

    def hook(_, bucket):
        for parameter, gradient in zip(bucket.parameters(), bucket.gradients()):
            gradient = gradient.as_strided(parameter.shape, parameter.stride())  # the memory format in the bucket
            gradient.add_(other[parameter]).div_(2)
        future = torch.futures.Future()
        future.set_result(bucket.buffer())
        return future

    return hook


@pytest.fixture
def process_group(tmp_path):
    """A distributed group of this process alone."""
    torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize('rank', [0, 1])
def test_ddp_reduces_the_gradients_of_the_stn(rank, process_group):
    """The STN runs outside the wrapper's ``forward``. Two halves of a batch give the gradients of the whole batch."""
    model = MMDistributedDataParallel(build(), broadcast_buffers=False)
    other = train_step(build(), HALVES[1 - rank])
    model.register_comm_hook(None, average_with({p: other[name] for name, p in model.module.named_parameters()}))
    assert_close(train_step(model, HALVES[rank]), train_step(build(), slice(None)))


def test_halves_of_the_batch_have_different_gradients():
    """So that the test above notices a missing reduction."""
    first, second = (train_step(build(), half) for half in HALVES)
    names = [name for name in first if 'localization.features' in name]
    assert len(names) == 8
    for name in names:
        assert first[name].abs().max() > 1e-8
        assert (first[name] - second[name]).abs().max() > 0.1 * first[name].abs().max()


class Warp(nn.Module):
    """The part of the preprocessor that is exported."""

    def __init__(self, preprocessor):
        super().__init__()
        self.preprocessor = preprocessor

    def forward(self, images):
        return self.preprocessor.warp(images)[0]


@pytest.mark.parametrize('view', [None, dict(type='AffineView', size=20, resize=22)])
def test_exported_batch_size_is_dynamic(view):
    model = Warp(leave_identity(STNDataPreprocessor(18, view=view)).eval())
    batches = torch.export.Dim('batch', min=1, max=64)
    exported = torch.export.export(model, (torch.rand(3, 3, 24, 24), ), dynamic_shapes=({0: batches}, )).module()
    for count in (1, 2, 5):
        images = torch.rand(count, 3, 24, 24)
        torch.testing.assert_close(exported(images), model(images))


# ------------------------------------------------------------------------------------------------ with a view

GREY = dict(mean=[129.5] * 3, std=[65.0] * 3)
VIEW = dict(type='AffineView', size=56, resize=59, degrees=20, flip=0.5)


def with_view(localization_size=56, **kwargs):
    return STNDataPreprocessor(localization_size, view=VIEW, **{**GREY, **kwargs})


def smooth(n=4, size=200):
    """Smooth images, which interpolation hardly changes."""
    y, x = torch.meshgrid(torch.arange(float(size)), torch.arange(float(size)), indexing='ij')
    return torch.stack([torch.sin(x / (20 + i)) * torch.cos(y / 25) for i in range(n)])[:, None].expand(-1, 3, -1, -1)


def drawn(n=8):
    dataset = SyntheticFER(n, pipeline=[dict(type='PackInputs')])
    return default_collate([dataset[i] for i in range(n)])


def through_pipeline(images, *steps):
    """Transform each image by MMPretrain's transforms."""
    init_default_scope('mmpretrain')
    pipeline = Compose(steps)
    return [pipeline(dict(img=image[0].numpy()))['inputs'] for image in images]


def test_view_equals_resize_and_centre_crop():
    """Of MMPretrain, within one grey level, to which it rounds."""
    images = drawn()['inputs']
    expected = through_pipeline(images, dict(type='Resize', scale=236, interpolation='bilinear'),
                                dict(type='CenterCrop', crop_size=224), dict(type='PackInputs'))
    preprocessor = STNDataPreprocessor(None, view=dict(type='AffineView', size=224, resize=236))
    ours = preprocessor(dict(inputs=images))['inputs']
    torch.testing.assert_close(ours, torch.stack(expected).float(), atol=1, rtol=0)


def test_ten_views_equal_ten_crops():
    images = drawn(2)['inputs']
    expected = map(torch.stack, zip(*through_pipeline(images, dict(type='TenCrop', crop_size=44))))
    dataset = SyntheticFER(2, pipeline=[dict(type='TenViews', size=44, resize=48)])
    batch = default_collate([dataset[i] for i in range(2)])
    preprocessor = STNDataPreprocessor(None, view=dict(type='AffineView', size=44))
    for inputs, samples, views in zip(batch['inputs'], batch['data_samples'], expected):
        ours = preprocessor(dict(inputs=inputs, data_samples=samples))['inputs']
        torch.testing.assert_close(ours, views.float(), atol=0.01, rtol=0)


@pytest.mark.parametrize('size', [None, 56])
def test_views_without_a_view(size):
    dataset = SyntheticFER(2, pipeline=[dict(type='TenViews', size=44, resize=48)])
    batch = default_collate([dataset[i] for i in range(2)])
    with pytest.raises(ValueError, match='view'):
        STNDataPreprocessor(size)(dict(inputs=batch['inputs'][0], data_samples=batch['data_samples'][0]))


@pytest.mark.parametrize('align_corners', [False, True])
def test_one_warp_equals_view_then_stn(align_corners):
    """On smooth images, while no view leaves its image."""
    torch.manual_seed(0)
    images, one = smooth(), leave_identity(with_view(align_corners=align_corners)).eval()
    one.localization.regressor[-1].bias.data = torch.tensor([0.4, 0.1, 0.3, -0.1, 0.4, -0.3])
    two = STNDataPreprocessor(56, align_corners=align_corners, **GREY).eval()
    two.localization = one.localization
    views = one.view.draw(4, images.device)
    once, theta = one.warp(images, views)
    twice, learnt = two.warp(affine_warp(images, views, (56, 56)))
    assert (learnt - learnt[0]).abs().max() > 0.01
    assert (theta - views).abs().max() > 0.05
    torch.testing.assert_close(once, twice, atol=8e-3, rtol=0)
    assert (once - affine_warp(images, views, (56, 56))).abs().max() > 0.2


def test_one_warp_is_sharper_than_two():
    """Neighbouring pixels of (drawn) faces differ more."""
    faces = ClsDataPreprocessor(**GREY)(drawn())['inputs']
    view, turn = AffineView(56, degrees=20), torch.tensor([[[0.9, 0.2, 0], [-0.2, 0.9, 0]]]).expand(8, 2, 3)
    views = view.draw(8, faces.device)
    once = affine_warp(faces, compose_affine(views, turn), (56, 56))
    twice = affine_warp(affine_warp(faces, views, (56, 56)), turn)
    sharpness = [images[..., 16:-16, 16:-16].diff().square().mean((1, 2, 3)) for images in (once, twice)]
    assert (sharpness[0] > 1.02 * sharpness[1]).all()


def test_grey_is_expanded_without_a_copy():
    """With the values of three equal channels."""
    stn = leave_identity(with_view()).eval().double()
    inputs = batch(channels=1)['inputs'].double()
    grey = stn(dict(inputs=inputs))['inputs']
    assert grey.shape == (4, 3, 56, 56)
    assert grey.stride(1) == 0
    assert grey.dtype == torch.float64
    colour = stn(dict(inputs=inputs.expand(-1, 3, -1, -1)))['inputs']
    torch.testing.assert_close(grey, colour, atol=1e-10, rtol=0)


@pytest.mark.parametrize('view', [dict(type='AffineView', size=56), None])
def test_padding_mode(view):
    """A face that is shrunk to half its size keeps its border pixels to the edge with 'border'."""
    for padding_mode, share in (('zeros', 0.0), ('border', 1.0)):
        stn = STNDataPreprocessor(56, padding_mode=padding_mode, view=view)
        stn.localization.regressor[-1].bias.data = torch.tensor([2.0, 0, 0, 0, 2.0, 0])
        warped = stn(dict(inputs=torch.ones(2, 1, 56, 56)))['inputs']
        assert warped[:, :, 28, 28].eq(1).all()
        assert warped[:, :, 0, 0].eq(share).all()


@pytest.mark.parametrize('augment', [dict(type='CutMix', alpha=1.0), dict(type='Mixup', alpha=1.0),
                                     dict(type='ResizeMix', alpha=1.0)])
@pytest.mark.parametrize('view', [dict(type='AffineView', size=56), None])
def test_batch_augments_of_grey_images(view, augment):
    """CutMix writes in place, and the channels of a grey image share their memory."""
    stn = STNDataPreprocessor(56, num_classes=7, view=view, batch_augments=dict(augments=augment), mean=[129.5] * 3,
                              std=[65.0] * 3)
    out = stn(batch(channels=1), training=True)
    assert out['inputs'].shape[:2] == (4, 3)
    assert torch.equal(out['inputs'][:, 0], out['inputs'][:, 2])
    assert all(sample.gt_score.sum() == pytest.approx(1) for sample in out['data_samples'])


def test_photometry_in_training_only():
    """On warped grey faces, before they are expanded."""
    plain = with_view(None)
    stn = with_view(None, photometry=dict(type='RandomPhotometry', noise=0.5))
    images = batch(channels=1, labels=False)
    assert torch.equal(stn(images)['inputs'], plain(images)['inputs'])
    changed = stn(images, training=True)['inputs']
    assert changed.stride(1) == 0
    assert not torch.equal(changed, with_view(None)(images, training=True)['inputs'])


def test_channels_with_different_means_are_warped_separately():
    stn = leave_identity(with_view(**NORM)).eval()
    inputs = batch(channels=1)['inputs']
    expected = stn.warp(ClsDataPreprocessor(**NORM)(dict(inputs=inputs))['inputs'])[0]
    assert torch.equal(stn(dict(inputs=inputs))['inputs'], expected)
    assert not torch.equal(expected[:, 0], expected[:, 1])


def test_random_views_in_training_only():
    stn, images = with_view(None), batch(channels=1, labels=False)
    centre = stn(images)['inputs']
    assert torch.equal(stn(images)['inputs'], centre)
    drawn = [stn(images, training=True)['inputs'] for _ in range(2)]
    assert not torch.equal(*drawn)
    assert not torch.equal(drawn[0], centre)


def test_mean_colour_outside_the_image():
    stn = STNDataPreprocessor(None, view=dict(type='AffineView', size=8, shift=400), **GREY)
    assert not stn(batch(channels=1, labels=False), training=True)['inputs'][0].any()


def test_view_and_stn_under_autocast():
    stn = leave_identity(with_view()).eval()
    with torch.autocast('cpu', torch.bfloat16):
        warped, theta = stn.warp(smooth())
    assert warped.dtype == theta.dtype == torch.float32


def test_gradients_through_view_and_stn():
    """For the images and the parameters of the STN."""
    torch.manual_seed(0)  # where no kink is near
    stn = leave_identity(STNDataPreprocessor(18, in_channels=1, view=dict(type='AffineView', size=5, resize=6)))
    stn = stn.double().eval()
    images = torch.rand(2, 1, 7, 7, dtype=torch.float64, requires_grad=True)
    view = stn.view.draw(2, images.device).double()
    bias = stn.localization.regressor[-1].bias
    assert gradcheck(lambda images, bias: stn.warp(images, view)[0], (images, bias))
    stn.warp(images, view)[0].square().sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in stn.localization.regressor.parameters())


def test_a_view_adds_no_keys():
    assert with_view().state_dict().keys() == STNDataPreprocessor(56, **GREY).state_dict().keys()
