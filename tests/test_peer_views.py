"""Test views of the peers whose published numbers are of several views: each view against the steps of its authors."""
import itertools
import math
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision.transforms.functional as TF
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.registry import init_default_scope
from mmpretrain.models import build_classifier
from mmpretrain.registry import MODELS
from scipy.optimize import linear_sum_assignment
from scipy.stats import kstest
from torchvision.transforms import InterpolationMode

from emonext_mm.datasets import SyntheticFER

PEERS = Path(__file__).parents[1] / 'configs' / 'peers'
RANDOM = ('resmasking_34_fer2013', 'segvgg_19_fer2013', 'segvgg_19_fer2013_five')
LHC = ('lhcnet_34_fer2013', 'lhcnetc_34_fer2013')
LARGE = 224
CENTRE = np.hypot(*np.mgrid[-1:1:224j, -1:1:224j]) < 0.6  # no view shows anything beyond the border there


@pytest.fixture(scope='module')
def face():
    return cv2.GaussianBlur(SyntheticFER(1, 'test').images[0], (0, 0), 2)


@pytest.fixture(scope='module')
def look(face):
    """Function: a config's views of the face as its network sees them, in 0..255, and their maps (V, 2, 3)."""
    init_default_scope('mmpretrain')

    def views_of(name, index=0):
        cfg = Config.fromfile(PEERS / f'{name}.py')
        found = packed(cfg, face, index)
        preprocessor = MODELS.build(cfg.data_preprocessor)
        images = [preprocessor(each, training=False)['inputs'][0] for each in views(default_collate([found]))]
        maps = torch.tensor([sample.view for sample in found['data_samples']])
        return torch.stack(images) * preprocessor.std + preprocessor.mean, maps

    return views_of


def packed(cfg, face, index=0):
    return Compose(cfg.tta_pipeline)(dict(img=face, sample_idx=index, img_shape=face.shape, gt_label=0))


def views(batch):
    return [dict(inputs=inputs, data_samples=samples)
            for inputs, samples in zip(batch['inputs'], batch['data_samples'])]


def test_vgg_sees_the_ten_crops_of_torchvision(face, look):
    found, _ = look('fervgg_48_fer2013')
    expected = torch.stack(TF.ten_crop(torch.from_numpy(face)[None].float(), 40))
    assert found.shape == expected.shape == (10, 1, 40, 40)
    assert len({tuple(each.flatten().tolist()) for each in expected}) == 10
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-2)


@pytest.mark.parametrize('name', RANDOM)
def test_random_views_are_mirrored_and_rotated(name, face, look):
    """Ten of the enlarged face, bilinear, black outside, by the angle and the mirror of their map."""
    found, maps = look(name, index=5)
    large = TF.resize(torch.from_numpy(face)[None].float(), [LARGE, LARGE], antialias=False)
    angles, mirrored = torch.rad2deg(torch.asin(maps[:, 1, 0])), maps[:, 0, 0] < 0
    assert found.shape == (10, 3, LARGE, LARGE)
    for image, angle, mirror in zip(found, angles.tolist(), mirrored.tolist()):
        # The map is from view to image: positive angles turn the content counter-clockwise, before it is mirrored.
        expected = TF.rotate(TF.hflip(large) if mirror else large, angle, InterpolationMode.BILINEAR)
        assert (image - expected).abs().numpy()[:, CENTRE].max() < 1
        assert torch.equal(image[0], image[1])
        inside = TF.rotate(torch.ones_like(large), angle, InterpolationMode.BILINEAR)
        near = F.max_pool2d(inside, 9, 1, 4)[0] > 0  # our interpolation ends half a pixel of the small face outside
        assert not image[:, ~near].any()


@pytest.mark.parametrize('name', RANDOM)
def test_random_views_are_drawn_as_published(name, face):
    """Angles uniform in -30..30 degrees, half of the views mirrored, neither zoom nor shift; the same in each test."""
    cfg = Config.fromfile(PEERS / f'{name}.py')
    maps = torch.tensor([[sample.view for sample in packed(cfg, face, index)['data_samples']] for index in range(60)])
    again = torch.tensor([sample.view for sample in packed(cfg, face, 59)['data_samples']])
    assert maps.shape == (60, 10, 2, 3)
    assert torch.equal(maps[59], again)
    maps = maps.flatten(0, 1)
    assert len(maps.unique(dim=0)) == 600
    scale = torch.linalg.norm(maps[:, :, :2], dim=2)
    torch.testing.assert_close(scale, torch.ones(600, 2))
    assert not maps[:, :, 2].any()
    degrees = torch.rad2deg(torch.asin(maps[:, 1, 0])).numpy()
    assert abs(degrees).max() <= 30
    assert kstest(degrees, 'uniform', (-30, 60)).pvalue > 0.01
    assert 240 < (maps[:, 0, 0] < 0).sum() < 360  # 5 standard deviations


def steps(large, zoom, radians, x, y, flip):
    """LHC-Net's steps: mirror, central part, shift, rotation, each on the pixels of the one before."""
    image = large[:, ::-1] if flip else large
    if zoom < 1:
        margin = round(LARGE * (1 - zoom) / 2)
        image = cv2.resize(np.ascontiguousarray(image[margin:-margin, margin:-margin]), (LARGE, LARGE))
    for matrix in (np.float64([[1, 0, x], [0, 1, y]]),
                   cv2.getRotationMatrix2D(((LARGE - 1) / 2, ) * 2, math.degrees(radians), 1)):
        image = cv2.warpAffine(np.ascontiguousarray(image), matrix, (LARGE, LARGE), borderMode=cv2.BORDER_REPLICATE)
    return image


@pytest.mark.parametrize('name', LHC)
def test_lhc_net_sees_the_views_of_its_code(name, face, look):
    """62 views, the face itself three times: each of the 60 different ones is one of the code's, and no other."""
    found, maps = look(name)
    maps = [tuple(each.flatten().tolist()) for each in maps]
    counts = Counter(maps)
    assert counts.total() == 62
    assert sorted(counts.values()) == [1] * 59 + [3]
    assert counts[1, 0, 0, 0, 1, 0] == 3
    kept = [maps.index(each) for each in counts]
    large = cv2.resize(face.astype(np.float64), (LARGE, LARGE))
    expected = [steps(large, *view) for view in (
        *itertools.product((1, ), (0, -0.4, 0.4), (-10, 0, 10), (-10, 0, 10), (False, True)),
        *itertools.product((0.9, ), (0, -0.15, 0.15), (0, ), (0, ), (False, True)))]
    assert len(expected) == 60
    distance = torch.cdist(found[kept, 0][:, CENTRE], torch.tensor(np.stack(expected)[:, CENTRE]).float(), p=math.inf)
    rows, columns = linear_sum_assignment(distance)
    assert distance[rows, columns].max() < 4
    distance[rows, columns] = math.inf
    assert distance.min() > 20


@pytest.mark.parametrize(('name', 'logits'), [('fervgg_48_fer2013', True), *((name, False) for name in RANDOM + LHC)])
@torch.no_grad()
def test_averaged_as_published(name, logits, face):
    """The mean of the logits for VGG, of the probabilities for the others, from PyTorch's own grids."""
    cfg = Config.fromfile(PEERS / f'{name}.py')
    channels = cfg.data_preprocessor.get('in_channels', 3)
    torch.manual_seed(0)
    net = build_classifier(dict(
        type='ImageClassifier', data_preprocessor=cfg.data_preprocessor, neck=dict(type='FlattenNeck', pool=1),
        backbone=dict(type='ResNet', depth=18, base_channels=4, stem_channels=4, in_channels=channels, norm_eval=True),
        head=dict(type='LinearClsHead', num_classes=7, in_channels=32)))
    net.eval()
    scale = 1 if name in LHC else 255
    found = packed(cfg, face)
    maps = torch.tensor([sample.view for sample in found['data_samples']])
    size = cfg.data_preprocessor.view.size
    images = torch.from_numpy(face / scale).float().expand(len(maps), channels, -1, -1)
    grid = F.affine_grid(maps, (len(maps), channels, size, size), align_corners=False)
    features = net.extract_feat(F.grid_sample(images, grid, align_corners=False,
                                              padding_mode='border' if name in LHC else 'zeros'))[0]
    # Logits that differ from view to view, so that the two means differ.
    net.head.fc.weight.copy_(torch.randn(7, 32) / features.std(0).clamp(min=1e-6))
    net.head.fc.bias.copy_(-net.head.fc.weight @ features.mean(0))
    outputs = net.head.fc(features)
    means = [outputs.mean(0).softmax(0), outputs.softmax(1).mean(0)]
    assert (means[0] - means[1]).abs().max() > 1e-3
    model = MODELS.build(dict(cfg.tta_model, module=net)).eval()
    tested, = model.test_step(default_collate([found]))
    torch.testing.assert_close(tested.pred_score, means[0 if logits else 1], rtol=0, atol=1e-5)
