"""Ten-crop: torchvision's views, in a pipeline of MMPretrain."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate, pseudo_collate
from mmengine.registry import init_default_scope
from mmpretrain.registry import TRANSFORMS
from torchvision.transforms import TenCrop as TorchvisionTenCrop

from emonext_mm.datasets import AsTask, CropAt, SyntheticFER, TenCrop, TenViews, ToGrey
from emonext_mm.models.layers.affine import affine_warp


def face(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def channels_first(image):
    return torch.from_numpy(image if image.ndim == 3 else image[..., None]).permute(2, 0, 1)


def test_smoke():
    transform = TRANSFORMS.build(dict(type='TenCrop', crop_size=224))
    packed = transform(dict(img=face(236, 236), gt_label=3))
    assert {key: len(value) for key, value in packed.items()} == dict(inputs=10, data_samples=10)
    assert {view.shape for view in packed['inputs']} == {(1, 224, 224)}
    assert all(sample.gt_label == 3 and sample.img_shape == (224, 224) for sample in packed['data_samples'])


@pytest.mark.parametrize('crop_size', [0, -1, 1.5, None, (3, 3)])
def test_not_a_crop_size(crop_size):
    with pytest.raises(ValueError, match='crop_size must be a positive whole number of pixels, got '):
        TenCrop(crop_size)


@pytest.mark.parametrize('position', [dict(x=-0.1), dict(y=1.5)])
def test_position_outside_of_the_image(position):
    with pytest.raises(ValueError, match='x and y must be between 0 and 1, got '):
        CropAt(8, **position)


def test_image_smaller_than_the_crop():
    with pytest.raises(ValueError, match='a crop of 48 px does not fit in an image of 60 x 47'):
        TenCrop(48)(dict(img=face(60, 47)))


@pytest.mark.parametrize(('shape', 'crop_size'), [((236, 236), 224), ((52, 52, 3), 48), ((53, 62), 48),
                                                  ((51, 49, 3), 48), ((48, 48), 48), ((9, 7), 1)])
def test_the_views_are_torchvisions(shape, crop_size):
    image = face(*shape)
    views = torch.stack(TenCrop(crop_size)(dict(img=image.copy()))['inputs'])
    assert torch.equal(views, torch.stack(TorchvisionTenCrop(crop_size)(channels_first(image))))


def test_the_image_itself_is_not_changed():
    image = face(52, 52)
    before = image.copy()
    TenCrop(48)(dict(img=image))
    assert (image == before).all()


def test_transforms_apply_to_every_view():
    class Invert:
        def __call__(self, results):
            return dict(results, img=255 - results['img'])

    image = face(12, 12)
    views = TenCrop(8, transforms=[Invert(), dict(type='PackInputs')])(dict(img=image))['inputs']
    assert torch.equal(torch.stack(views), 255 - torch.stack(TorchvisionTenCrop(8)(channels_first(image))))


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_collates_to_ten_batches(collate):
    dataset = SyntheticFER(3, pipeline=[TRANSFORMS.build(dict(type='TenCrop', crop_size=40))])
    batch = collate([dataset[i] for i in range(3)])
    assert len(batch['inputs']) == len(batch['data_samples']) == 10
    for view, (inputs, samples) in enumerate(zip(batch['inputs'], batch['data_samples'])):
        assert [sample.sample_idx for sample in samples] == [0, 1, 2]
        expected = [TorchvisionTenCrop(40)(channels_first(image))[view] for image in dataset.images]
        assert all(map(torch.equal, inputs, expected))


@pytest.mark.parametrize(('path', 'size'), [('fer2013_224', 224), ('synthetic_48', 48)])
def test_pipelines_of_the_configs(path, size, request):
    init_default_scope('mmpretrain')
    base = request.config.rootpath / 'configs/_base_/datasets'
    views = Compose(Config.fromfile(base / f'{path}.py').tta_pipeline)(dict(img=face(48, 48)))['inputs']
    assert [tuple(view.shape) for view in views] == [(1, size, size)] * 10
    assert len({view.numpy().tobytes() for view in views}) == 10


def test_views_of_the_stored_faces(request):
    init_default_scope('mmpretrain')
    base = request.config.rootpath / 'configs/_base_/datasets'
    image = face(48, 48)
    results = Compose(Config.fromfile(base / 'fer2013_stored.py').tta_pipeline)(dict(img=image.copy()))
    assert all(torch.equal(inputs, channels_first(image)) for inputs in results['inputs'])
    assert len({str(sample.view) for sample in results['data_samples']}) == 10


@pytest.mark.parametrize('resize', [24, 32])
def test_ten_views_are_the_ten_crops(resize):
    """Sampling the enlarged image along the maps gives torchvision's crops of it."""
    image = face(resize, resize)
    results = TenViews(24, resize)(dict(img=image.copy()))
    assert all(torch.equal(inputs, channels_first(image)) for inputs in results['inputs'])
    theta = torch.tensor([sample.view for sample in results['data_samples']])
    views = affine_warp(channels_first(image).float().expand(10, -1, -1, -1), theta, (24, 24))
    torch.testing.assert_close(views, torch.stack(TorchvisionTenCrop(24)(channels_first(image))).float(),
                               atol=0.01, rtol=0)


@pytest.mark.parametrize(('size', 'resize'), [(48, 47), (0, 48)])
def test_ten_views_outside_of_the_image(size, resize):
    with pytest.raises(ValueError, match=f'size must be between 0 and resize, got {size} and {resize}'):
        TenViews(size, resize)


def test_ten_views_keep_the_index():
    dataset = SyntheticFER(2, pipeline=[TenViews(48, 52)])
    assert [sample.sample_idx for sample in dataset[1]['data_samples']] == [1] * 10


def test_to_grey():
    """0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded; OpenCV reads B, G, R."""
    bgr = np.random.RandomState(0).randint(0, 256, (5, 7, 3)).astype(np.uint8)
    grey = ToGrey().transform(dict(img=bgr))['img']
    assert (grey.shape, grey.dtype) == ((5, 7), np.uint8)
    np.testing.assert_allclose(grey, bgr @ [0.114, 0.587, 0.299], rtol=0, atol=0.51)
    assert ToGrey().transform(dict(img=grey))['img'] is grey
    assert repr(ToGrey()) == 'ToGrey()'


def test_to_grey_of_one_channel():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 1), np.uint8)
    np.testing.assert_array_equal(ToGrey().transform(dict(img=image))['img'], image[..., 0])


def test_to_grey_of_float64():
    bgr = 255 * np.random.default_rng(0).random((5, 7, 3))
    grey = ToGrey().transform(dict(img=bgr))['img']
    np.testing.assert_allclose(grey, bgr @ [0.114, 0.587, 0.299], atol=1e-4)


@pytest.mark.parametrize(('scale', 'dtype'), [(1 / 255, np.float64), (1 / 255, np.float32), (257, np.uint16)])
def test_to_grey_of_another_unit(scale, dtype):
    bgr = face(5, 7, 3)
    bgr[0, 0] = 255
    expected = ToGrey().transform(dict(img=bgr))['img']
    image = np.multiply(bgr, scale, dtype=float).astype(dtype)
    np.testing.assert_array_equal(ToGrey().transform(dict(img=image))['img'], expected)


def test_as_task():
    """What ``PackMultiTaskInputs`` makes of it: one task of two has a label."""
    pipeline = [AsTask('emotion'), dict(type='PackMultiTaskInputs', multi_task_fields=('gt_label', 'gt_score'))]
    sample = SyntheticFER(4, pipeline=pipeline)[3]['data_samples']
    assert list(sample.tasks) == ['emotion']
    assert sample.emotion.gt_label.tolist() == [3]
    assert AsTask('x').transform(dict(img=1)) == dict(img=1)
    assert AsTask('x').transform(dict(gt_score=2)) == dict(gt_score=dict(x=2))
