import math
import sys

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from matplotlib.path import Path as Outline
from mmpretrain.models import ImageClassifier, build_classifier
from torch import nn
from torch.nn.functional import interpolate

from emonext_mm.visualization.cam import activation_maps, draw_cam
from emonext_mm.visualization.faces import sampling_frame

SIZE = 48
COS, SIN = math.cos(0.4), math.sin(0.4)
THETAS = {
    'identity': [1.0, 0, 0, 0, 1, 0],
    'shift': [1.0, 0, 0.5, 0, 1, -0.3],
    'zoom in': [0.5, 0, 0.25, 0, 0.6, 0.2],
    'zoom out': [1.6, 0, 0.1, 0, 1.6, 0.2],
    'turn': [COS, -SIN, 0.2, SIN, COS, 0.1],
    'shear and mirror': [-0.8, 0.4, 0.1, 0.1, 0.7, 0],
}


class Brightness(nn.Module):
    """A backbone whose only feature map is the brightness of each pixel."""

    def __init__(self):
        super().__init__()
        self.brightness = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.ones_(self.brightness.weight)

    def forward(self, x):
        return (self.brightness(x).mean((2, 3)), )


def make_model(backbone=None, theta=None, channels=1, **stn):
    """A classifier whose first logit is the sum of the features; with a theta, its STN applies this theta to all."""
    preprocessor = dict(type='STNDataPreprocessor', localization_size=SIZE, **stn) if theta else {}
    head = dict(type='LinearClsHead', num_classes=2, in_channels=channels, init_cfg=None)
    model = ImageClassifier(backbone or Brightness(), head=head, data_preprocessor=preprocessor)
    if theta:
        model.data_preprocessor.localization.regressor[-1].bias.data = torch.tensor(theta)
    model.head.fc.weight.data = torch.tensor([[1.0], [-1.0]]).expand(2, channels).contiguous()
    nn.init.zeros_(model.head.fc.bias)
    return model.eval()


def blob(x, y):
    """A bright spot around the pixel (x, y), on black: (1, 3, SIZE, SIZE)."""
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing='ij')
    return torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8).expand(1, 3, -1, -1)


def centroid(heat):
    heat = heat.double()
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing='ij')
    return [float((heat * axis).sum() / heat.sum()) for axis in (columns, rows)]


# A heat map without the inverse warp is off by many pixels, one of the other convention by up to a quarter of a pixel.
@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('theta', THETAS.values(), ids=THETAS.keys())
@pytest.mark.parametrize('center', [(30, 22), (33, 27)])
def test_heat_is_where_the_face_is_bright(theta, center, align_corners):
    heat, probabilities, used = activation_maps(make_model(theta=theta, align_corners=align_corners), blob(*center))
    assert heat.shape == (1, SIZE, SIZE)
    assert probabilities.argmax() == 0
    torch.testing.assert_close(used, torch.tensor(theta).view(1, 2, 3))
    assert centroid(heat[0]) == pytest.approx(center, abs=0.08)
    assert np.unravel_index(int(heat.argmax()), (SIZE, SIZE)) == pytest.approx(center[::-1], abs=1)
    assert float(heat.max()) > 0.8


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('name', ['shift', 'zoom in', 'turn', 'shear and mirror'])
def test_no_heat_where_the_stn_did_not_look(name, align_corners):
    theta = torch.tensor(THETAS[name]).view(1, 2, 3)
    bright = torch.ones(1, 3, SIZE, SIZE)
    bright[..., 23:25, 23:25] = 0.9  # the smallest value is scaled to 0
    heat = activation_maps(make_model(theta=THETAS[name], align_corners=align_corners), bright)[0][0]
    outline = Outline(sampling_frame(theta, SIZE, SIZE, align_corners)[0].T.numpy())
    pixels = np.stack(np.meshgrid(range(SIZE), range(SIZE)), -1).reshape(-1, 2)
    one, other = (outline.contains_points(pixels, radius=reach).reshape(SIZE, SIZE) for reach in (-2.2, 2.2))
    # Which of the two is wider depends on the orientation of the outline, and a mirrored one is reversed.
    inside, outside = sorted((one, other), key=np.sum)
    assert (heat.numpy()[~outside] == 0).all()
    assert (~outside).sum() > 100
    assert inside.sum() > 100
    assert (heat.numpy()[inside & (bright[0, 0].numpy() == 1)] > 0.4).all()


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('theta', [None, *THETAS.values()], ids=['without STN', *THETAS])
def test_view_of_another_size(theta, align_corners):
    """An AffineView enlarges the inner 40 of 48 px to 120 px; heat map and face keep their 48 px."""
    view = dict(type='AffineView', size=120, resize=144)
    model = make_model(theta=theta or THETAS['identity'], align_corners=align_corners, view=view)
    if theta is None:
        model.data_preprocessor.localization = None
    heat, _, used = activation_maps(model, blob(30, 22))
    assert heat.shape == (1, SIZE, SIZE)
    assert used[0, :, :2].det() == pytest.approx((120 / 144) ** 2 * np.linalg.det(np.reshape(theta or
                                                 THETAS['identity'], (2, 3))[:, :2]), rel=1e-5)
    assert centroid(heat[0]) == pytest.approx((30, 22), abs=0.08)


def test_without_stn():
    heat, _, theta = activation_maps(make_model(), blob(10, 40))
    assert theta is None
    assert centroid(heat[0]) == pytest.approx((10, 40), abs=0.05)


def test_the_predicted_class_is_explained():
    """A dark spot raises the score of the second class, which is minus the brightness."""
    heat, probabilities, _ = activation_maps(make_model(), -blob(20, 11))
    assert probabilities.argmax() == 1
    assert centroid(heat[0]) == pytest.approx((20, 11), abs=0.05)


def make_classifier(backbone, channels):
    torch.manual_seed(0)
    model = build_classifier(dict(
        type='ImageClassifier', backbone=backbone, neck=dict(type='GlobalAveragePooling') if channels == 512 else None,
        head=dict(type='LinearClsHead', num_classes=7, in_channels=channels, init_cfg=None)))
    return model.eval()


def scaled(maps, faces):
    """Maps (N, 1, h, w) as the function returns them: positive part, resized to the faces, each scaled to 0..1."""
    maps = interpolate(maps.detach().clamp(min=0), faces.shape[-2:], mode='bilinear')[:, 0]
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


SMALL = dict(depths=[1] * 4, channels=[16] * 4)
BACKBONES = [(dict(type='EmoNeXt', arch=SMALL), 16, 160, 'se_after.3'),  # 160 / 32 px: 5 x 5 positions
             (dict(type='EmoNeXt', arch=SMALL, se_after=()), 16, 160, 'stages.3'),
             (dict(type='ConvNeXt', arch=SMALL), 16, 160, 'stages.3'),
             (dict(type='ResNet', depth=18), 512, 160, 'layer4')]


@pytest.mark.parametrize(('backbone', 'channels', 'size', 'layer'), BACKBONES)
def test_on_the_last_map_it_is_grad_cam(backbone, channels, size, layer):
    model = make_classifier(backbone, channels)
    faces = torch.randn(3, 3, size, size)
    heat, probabilities, _ = activation_maps(model, faces)
    grad_cam = LayerGradCam(model, model.backbone.get_submodule(layer)).attribute(faces, probabilities.argmax(1))
    torch.testing.assert_close(heat, scaled(grad_cam, faces), atol=1e-4, rtol=0)
    assert heat.amax((1, 2)).tolist() == [1] * 3


@pytest.fixture(params=[(kind, stem) for kind in ('EmoNeXt', 'ConvNeXt') for stem in (4, 3)], ids=str)
def small_faces(request):
    """A classifier and 48 px faces, whose maps have 12, 6, 3, 1 or (stem of 3) 16, 8, 4, 2 positions a side."""
    kind, stem = request.param
    model = make_classifier(dict(type=kind, arch=SMALL, stem_patch_size=stem), 16)
    return model, torch.randn(3, 3, 48, 48)


def test_small_faces_need_an_earlier_map(small_faces):
    """The map of the second stage, after the norm that follows it."""
    model, faces = small_faces
    heat, probabilities, _ = activation_maps(model, faces)
    outputs = []
    with model.backbone.downsample_layers[2][0].register_forward_hook(lambda *args: outputs.append(args[-1])):
        scores = model(faces)
    predicted = scores[range(3), probabilities.argmax(1)].sum()
    gradient, = torch.autograd.grad(predicted, outputs[0])
    by_hand = (gradient * outputs[0]).sum(1, keepdim=True)
    torch.testing.assert_close(heat, scaled(by_hand, faces), atol=1e-4, rtol=0)


def test_maps_are_not_rounding_errors(small_faces):
    """At the output of the second stage, terms of 0.3 sum to 1e-5, and float32 is off by 0.02."""
    model, faces = small_faces
    single = activation_maps(model, faces)[0]
    torch.testing.assert_close(single.double(), activation_maps(model.double(), faces.double())[0], atol=1e-4, rtol=0)


def test_frozen_backbone_and_no_side_effects():
    model = make_classifier(dict(type='EmoNeXt', arch=SMALL, frozen_stages=4), 16)
    faces = torch.randn(2, 3, 160, 160)
    before = faces.clone()
    model.train()
    assert activation_maps(model, faces)[0].amax((1, 2)).min() > 0.9
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(faces, before)
    assert not faces.requires_grad


def test_backbone_without_a_map():
    with pytest.raises(ValueError, match=r'Brightness .*5 x 5 .*4 x 9 px'):
        activation_maps(make_model(), torch.randn(1, 3, 4, 9))


def test_theta_without_inverse():
    with pytest.raises(ValueError, match='theta 0 '):
        activation_maps(make_model(theta=[1.0, 1, 0, 1, 1, 0]), blob(20, 20))


def test_without_captum(monkeypatch):
    monkeypatch.setitem(sys.modules, 'captum.attr', None)
    with pytest.raises(ImportError, match='pip install captum'):
        activation_maps(make_model(), blob(20, 20))


class Faces:
    """A data set of bright spots, further to the right with the index, with the given labels."""

    def __init__(self, labels, views=1):
        self.metainfo = dict(classes=('bright', 'dark'))
        self.labels = labels
        self.views = views

    def __len__(self):
        return len(self.labels)

    def get_data_info(self, index):
        return {} if self.labels[index] is None else dict(gt_label=self.labels[index])

    def __getitem__(self, index):
        face = blob(18 + 3 * index, 20)[0]
        return dict(inputs=face if self.views == 1 else [face] * self.views)


def split_axes(figure):
    """The axes of the faces, and those of the same faces under their heat map."""
    axes = [each for each in figure.axes if each.images]
    above, below = ([each for each in axes if len(each.images) == layers] for layers in (1, 2))
    assert len(above) == len(below) == len(axes) / 2
    return above, below


def test_figure_takes_each_class_in_turn():
    above, below = split_axes(draw_cam(make_model(theta=THETAS['shift']), Faces([0, 0, 0, 1, 1]), count=4))
    assert [axes.get_title() for axes in above] == ['bright', 'dark', 'bright', 'dark']
    spots = [int(np.argmax(axes.images[0].get_array()[20, :, 0])) for axes in above]
    assert spots == [18 + 3 * index for index in (0, 3, 1, 4)]
    for axes, spot, color in zip(below, spots, ('black', 'tab:red') * 2):
        assert axes.get_xlabel().startswith('bright 5')
        assert axes.xaxis.label.get_color() == color
        heat = axes.images[1]
        assert int(np.argmax(heat.get_array()[20])) == pytest.approx(spot, abs=1)
        np.testing.assert_allclose(heat.get_alpha(), 0.65 * heat.get_array(), atol=1e-6)
    for axes in (*above, *below):
        assert axes.lines[0].get_xydata()[0] == pytest.approx((0.5 * SIZE / 2 - 0.5, -0.3 * SIZE / 2 - 0.5), abs=1e-4)


def test_figure_without_labels_and_without_stn():
    above, below = split_axes(draw_cam(make_model(), Faces([None] * 9)))
    assert [axes.get_title() for axes in above] == ['no label'] * 9
    assert {axes.xaxis.label.get_color() for axes in below} == {'black'}
    assert not any(axes.lines for axes in (*above, *below))


def test_figure_of_several_views():
    with pytest.raises(ValueError, match='3 views'):
        draw_cam(make_model(), Faces([0, 1], views=3))


def test_figure_of_another_kind_of_model():
    with pytest.raises(ValueError, match=r'ImageClassifier.* Linear'):
        draw_cam(nn.Linear(1, 1), Faces([0, 1]))
