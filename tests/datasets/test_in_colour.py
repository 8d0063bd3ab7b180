"""Every augmentation of MMPretrain on grey faces: (H, W) in, (h, w) out, as on the same faces in colour."""
import cv2
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from emonext_mm.datasets import InColour, SyntheticFER
from emonext_mm.datasets.in_colour import FOR_COLOUR, adapt_to_grey
from tests.helpers.augmentations import AUGMENTATIONS


def faces(color_type, *pipeline):
    """Six faces after a pipeline, always with the same random numbers."""
    np.random.seed(0)  # noqa: NPY002
    dataset = SyntheticFER(6, color_type=color_type, pipeline=list(pipeline))
    return [dataset[i]['img'] for i in range(6)]


def to_grey(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image


@pytest.mark.parametrize('name', AUGMENTATIONS)
def test_grey_faces_as_in_colour(name):
    step = dict(type=name, **AUGMENTATIONS[name])
    grey, colour = faces('grayscale', step), faces('color', step)
    for one, other in zip(grey, colour):
        assert one.ndim == 2
        # A transform that took the grey image itself may round in another way than that of three equal channels.
        np.testing.assert_allclose(one, to_grey(other), rtol=0, atol=0 if name in FOR_COLOUR else 1)


def test_every_augmentation_of_the_host_is_tested():
    """Those of its modules on augmentation and processing that change one image, and MMCV's random ones."""
    modules = 'mmpretrain.datasets.transforms.auto_augment', 'mmpretrain.datasets.transforms.processing'
    found = {name for name, kind in TRANSFORMS.module_dict.items()
             if kind.__module__ in modules and '/' not in name and kind.__name__ == name}
    others = {'Albumentations',  # an optional package
              'CleanCaption', 'OFAAddObjects', 'SimMIMMaskGenerator', 'BEiTMaskGenerator',  # not of images
              'RandomResizedCropAndInterpolationWithTwoPic', 'MAERandomResizedCrop'}  # two images; an image of PIL
    assert found - others <= AUGMENTATIONS.keys()
    assert set(FOR_COLOUR) - others - {'NumpyToPIL'} <= AUGMENTATIONS.keys()


@pytest.mark.parametrize('container', [
    lambda step: dict(type='RandomApply', transforms=[step], prob=1.0),
    lambda step: dict(type='RandomChoice', transforms=[[step], [step, step]]),
    TRANSFORMS.build,
])
def test_inside_of_others(container):
    step = dict(type='mmpretrain.Equalize', prob=1.0)
    assert {image.shape for image in faces('grayscale', container(step))} == {(48, 48)}


def test_views():
    views = dict(type='MultiView', num_views=2, transforms=[[dict(type='mmpretrain.ColorJitter', brightness=0.5)]])
    for both in faces('grayscale', views):
        assert [view.shape for view in both] == [(48, 48)] * 2


def test_images_of_pil():
    images = faces('grayscale', dict(type='NumpyToPIL', to_rgb=True), dict(type='torchvision/RandomHorizontalFlip'))
    assert {(image.mode, image.size) for image in images} == {('L', (48, 48))}
    assert all(isinstance(image, Image.Image) for image in images)


def test_a_config_is_not_changed():
    pipeline = (dict(type='Resize', scale=(60, 60)), dict(type='mmpretrain.Lighting', eigval=[1.0]))
    adapted = adapt_to_grey(pipeline)
    assert pipeline[1] == dict(type='mmpretrain.Lighting', eigval=[1.0])
    assert adapted == (pipeline[0], dict(type=InColour, transforms=[pipeline[1]]))
    assert adapt_to_grey(adapted[0]) == pipeline[0]


def test_colour_passes():
    image = np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8)
    np.testing.assert_array_equal(InColour([dict(type='Invert', prob=1.0)])(dict(img=image))['img'], 255 - image)


@pytest.mark.parametrize('shape', [(6, 5), (6, 5, 1)])
def test_one_channel_becomes_two_axes(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    out = InColour([dict(type='Invert', prob=1.0)])(dict(img=image))['img']
    np.testing.assert_array_equal(out, 255 - image.reshape(6, 5))


def test_transform_that_leaves_a_sample_out():
    assert InColour([lambda results: None])(dict(img=np.zeros((4, 4), np.uint8))) is None
