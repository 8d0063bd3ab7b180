import warnings

import cv2
import numpy as np
import pytest

from emonext_mm.datasets.readers import image_file
from emonext_mm.datasets.readers.image_file import image_pool, read_image, resize, resize_all
from tests.helpers.fer2013_files import write_image
from tests.helpers.png import png


def test_pixels(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (96, 96), np.uint8)
    np.testing.assert_array_equal(read_image(str(write_image(tmp_path / 'a.png', image))), image)
    (tmp_path / 'b.png').write_bytes(png(4, 4, b'\0abcd' * 4))
    np.testing.assert_array_equal(read_image(str(tmp_path / 'b.png')), [list(b'abcd')] * 4)


@pytest.mark.parametrize(('scale', 'dtype', 'suffix'), [
    (1, np.uint16, '.png'), (257, np.uint16, '.png'), (257, np.uint16, '.tif'), (1, np.float32, '.tif'),
    (1 / 255, np.float32, '.tif')])
def test_other_types(tmp_path, scale, dtype, suffix):
    levels = np.arange(256).reshape(16, 16)
    found = read_image(str(write_image(tmp_path / f'a{suffix}', (levels * scale).astype(dtype))))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, levels)


def test_twelve_bits(tmp_path):
    path = write_image(tmp_path / 'a.png', np.arange(256, dtype=np.uint16).reshape(16, 16) * 16)
    with pytest.raises(ValueError, match=r'a\.png: .* 4080'):
        read_image(str(path))


@pytest.mark.parametrize(('content', 'message'), [
    (png(30_000, 30_000), 'x.png: .* pixels, more than 16,777,216'),
    (png(10_000, 10_000), 'x.png: 10000x10000 pixels, more than 16,777,216'),
    (png(0, 0), 'x.png: not an image'),
    (png(48, 48), 'x.png: not an image'),
    (png(48, 47, bytes(49 * 47)), 'x.png: 48x47 pixels, expected a square'),
    (png(48, 48, bytes(49 * 48))[:40], 'x.png: not an image'),
    (b'', 'x.png: not an image'),
    (b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n', 'x.png: not an image'),
    (b'GIF89a', 'x.png: not an image'),
], ids=range(9))
def test_refused(tmp_path, content, message):
    (tmp_path / 'x.png').write_bytes(content)
    with image_pool() as pool, warnings.catch_warnings():
        warnings.simplefilter('error', DeprecationWarning)
        with pytest.raises(ValueError, match=message):
            pool.submit(read_image, str(tmp_path / 'x.png')).result()


def test_too_many_bytes(tmp_path, monkeypatch):
    path = write_image(tmp_path / 'x.bmp', np.zeros((48, 48), np.uint8))
    monkeypatch.setattr(image_file, 'MAX_BYTES', 1000)
    with pytest.raises(ValueError, match=r'x\.bmp: more than 1,000 bytes'):
        read_image(str(path))


def test_error_of_opencv(tmp_path, monkeypatch):
    def fail(*args):
        raise cv2.error('damaged')

    path = write_image(tmp_path / 'x.png', np.zeros((48, 48), np.uint8))
    monkeypatch.setattr(cv2, 'imdecode', fail)
    with pytest.raises(ValueError, match=r'x\.png: not an image'):
        read_image(str(path))


def test_resizing():
    """Blocks of equal pixels shrink to themselves; nothing changes where the size is right."""
    small = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    large = np.kron(small, np.ones((1, 2, 2), np.uint8))
    np.testing.assert_array_equal(resize_all(large, 48), small)
    assert resize(small[0], 96).shape == (96, 96)
    assert resize_all(small, 48) is small
