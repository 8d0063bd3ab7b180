import numpy as np
import pytest
from mmcv.transforms import Compose
from mmengine.config import Config

from emonext.crops import crop_face
from emonext_mm.apis import geometry as module
from emonext_mm.apis.geometry import read_faces, read_geometry
from tests.helpers.scripts import ROOT

LOAD, RESIZE, CROP = (dict(type=kind) for kind in ('LoadImageFromFile', 'Resize', 'CenterCrop'))


@pytest.mark.parametrize(('pipeline', 'size', 'channels', 'crop'), [
    ([dict(type='ToGrey'), dict(type='PackInputs')], 48, 1, 1),
    ([LOAD, dict(RESIZE, scale=(236, 236)), dict(CROP, crop_size=224), dict(type='PackInputs')], 224, 3, 224 / 236),
    ([dict(CROP, crop_size=40), dict(RESIZE, scale=48)], 48, 3, 40 / 48),
    ([dict(CROP, crop_size=36), dict(RESIZE, scale=60), dict(CROP, crop_size=40)], 40, 3, 1 / 2),
    ([dict(CROP, crop_size=48)], 48, 3, 1),
    ([dict(LOAD, imdecode_backend='pillow', backend_args=dict(backend='local'), ignore_empty=True, color_type='color'),
      dict(RESIZE, scale=60, interpolation='bicubic', backend='pillow', keep_ratio=False),
      dict(CROP, crop_size=30, auto_pad=False), dict(type='PackInputs', meta_keys=('sample_idx', ))], 30, 3, 1 / 2)])
def test_geometry(pipeline, size, channels, crop):
    assert read_geometry(pipeline) == dict(size=size, channels=channels, crop=pytest.approx(crop, rel=1e-12))


def test_geometry_is_the_shown_part():
    """A bright square of 40 px in the middle of 48 px is all that is left by its crop, also after a resize."""
    image = np.zeros((48, 48), np.uint8)
    image[4:44, 4:44] = 255
    pipeline = [dict(CROP, crop_size=40), dict(RESIZE, scale=48)]
    shown = Compose(pipeline)(dict(img=image))['img']
    assert shown.min() == 255
    assert (len(shown), 48 * read_geometry(pipeline)['crop']) == (48, pytest.approx(40))


def test_geometry_of_the_configs():
    """Grey, and 48 px as stored, or 224 px from the middle of 236 px."""
    for path in (ROOT / 'configs').glob('*.py'):
        geometry = read_geometry(Config.fromfile(path).test_dataloader.dataset.pipeline)
        assert geometry in (dict(size=48, channels=1, crop=1), dict(size=224, channels=1, crop=224 / 236)), path.name


@pytest.mark.parametrize(('step', 'words'), [
    (dict(type='RandomFlip'), ['RandomFlip']),
    (dict(RESIZE, scale=(40, 60)), ['Resize', '40, 60']),
    (dict(CROP, crop_size=56), ['CenterCrop', '56', '48']),
    (dict(LOAD, color_type='grayscale'), ['LoadImageFromFile', 'color_type', 'grayscale']),
    (dict(LOAD, to_float32=True), ['LoadImageFromFile', 'to_float32', 'True']),
    (dict(RESIZE, scale=60, keep_ratio=True), ['Resize', 'keep_ratio', 'True']),
    (dict(RESIZE, scale_factor=1.5), ['Resize', 'scale_factor', '1.5']),
    (dict(CROP, crop_size=40, auto_pad=True), ['CenterCrop', 'auto_pad', 'True']),
    (dict(CROP, crop_size=40, pad_cfg=dict(type='Pad', pad_val=7)), ['CenterCrop', 'pad_cfg', "'pad_val': 7"]),
    (dict(RESIZE, scale=60, interpolation='nearest'), ['Resize', 'nearest']),
    (dict(type='ToGrey', keep=3), ['ToGrey', 'keep', '3']),
    (dict(type='PackInputs', input_key='mask'), ['PackInputs', 'input_key', 'mask'])])
def test_pipelines_that_are_not_exported(step, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the words)
        read_geometry([step])
    assert [word for word in words if word not in str(error.value)] == []


@pytest.mark.parametrize(('pipeline', 'told'), [
    ([LOAD, dict(RESIZE, scale=60)], ['bilinear', '60']),
    ([LOAD, dict(RESIZE, scale=60, interpolation='bicubic')], ['bicubic', '60']),
    ([dict(RESIZE, scale=40)], ['bilinear', '40']),
    ([LOAD, dict(RESIZE, scale=60, interpolation='area')], None),
    ([LOAD, dict(RESIZE, scale=60, interpolation='box', backend='pillow')], None),
    ([dict(RESIZE, scale=60)], None),
    ([LOAD, dict(RESIZE, scale=60, interpolation='area'), dict(RESIZE, scale=70)], None)])
def test_other_interpolations_where_faces_shrink(pipeline, told, monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda text, *where: lines.append(text))
    read_geometry(pipeline)
    assert len(lines) == (told is not None)
    assert all(word in lines[0] for word in told or ())


def test_shrunk_by_areas_as_in_prediction():
    """The faces of a pipeline with ``area`` are those of ``emonext predict``."""
    image = np.random.default_rng(0).integers(0, 256, (180, 180, 3), np.uint8)
    shown = Compose([dict(RESIZE, scale=60, interpolation='area')])(dict(img=image))['img']
    np.testing.assert_allclose(crop_face(image, (0, 0, 180, 180), 60, 3).transpose(1, 2, 0), shown, rtol=0, atol=1)


PACK = dict(type='PackInputs')


@pytest.mark.parametrize(('pipeline', 'given', 'channels'), [
    ([PACK], {}, 1), ([dict(RESIZE, scale=60), PACK], {}, 1), ([PACK], dict(color_type='color'), 3),
    ([dict(type='ToGrey'), PACK], dict(color_type='color'), 1), ([LOAD, PACK], {}, 3)])
def test_channels_by_a_sample(pipeline, given, channels):
    """Grey faces without ToGrey, and colour; files that are loaded are in colour."""
    dataset = dict(type='SyntheticFER', num_samples=2, split='test', pipeline=pipeline, **given)
    assert read_faces(dataset)['channels'] == channels


def test_channels_without_data(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda text, *where: lines.append(text))
    assert read_faces(dict(type='FER2013', data_root=str(tmp_path / 'none'), pipeline=[PACK]))['channels'] == 3
    assert 'none' in lines[0]
