import io
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from emonext.errors import EmonextError
from emonext.pictures import read_picture, to_pixels


@pytest.mark.parametrize(('shape', 'scale', 'dtype'), [
    ((2, 3, 3), 1, np.uint8), ((2, 3, 3), 1, np.int64), ((2, 3, 3), 1, np.float32), ((2, 3, 3), 1 / 255, np.float64),
    ((2, 3, 3), 257, np.uint16), ((2, 3), 1, np.uint8), ((2, 3, 1), 1 / 255, np.float32), ((2, 3, 4), 1, np.uint8)])
def test_arrays(shape, scale, dtype):
    values = np.random.default_rng(0).integers(0, 256, shape)
    values.flat[0] = 255  # the range of floats decides
    found = to_pixels((values * scale).astype(dtype), 'it')
    expected = values[..., None] if values.ndim == 2 else values[..., :3]
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.broadcast_to(expected, (2, 3, 3)))


@pytest.mark.parametrize(('array', 'words'), [
    (np.zeros((2, 3, 2)), r'\(2, 3, 2\)'), (np.zeros(5), r'\(5,\)'), (np.zeros((0, 3, 3)), r'\(0, 3, 3\)'),
    (np.full((2, 2), -1.0), '-1'), (np.full((2, 2), np.nan), 'nan'), (np.full((2, 2), 70000), '70000'),
    (np.full((2, 2), 1.25), r'1\.25'), (np.full((2, 2), 300.0), '300'),
    (np.full((2, 2), 4095, np.uint16), 'uint16.*4095'), (np.full((2, 2), 256), '256'),
    (np.full((2, 2), 32767), '32767'),
    (np.zeros((2, 2), bool), 'bool'), (np.zeros((2, 2), complex), 'complex')])
def test_bad_arrays(array, words):
    with pytest.raises(EmonextError, match=f'it.*{words}'):
        to_pixels(array, 'it')


@pytest.mark.parametrize(('name', 'mode'), [('a.png', 'RGB'), ('a.png', 'L'), ('a.png', 'RGBA'), ('a.jpg', 'RGB'),
                                            ('a.gif', 'L'), ('a.tif', 'CMYK'), ('a.webp', 'RGB'), ('a.bmp', 'L')])
def test_files(picture, name, mode):
    path = picture(name, 200, mode=mode)
    for source in (path, path.read_bytes(), Image.open(path)):
        found = read_picture(source, name)
        assert (found.shape, found.dtype) == ((48, 64, 3), np.uint8)
        # CMYK's ink is the opposite of light, and 200 of black ink leave 12 of white.
        expected = {'CMYK': 12, 'RGBA': 255 - 55 * 200 // 255}.get(mode, 200)
        np.testing.assert_allclose(found, expected, atol=2)


def test_16_bit(tmp_path):
    values = np.linspace(0, 65535, 12).reshape(3, 4).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / 'deep.png')
    np.testing.assert_array_equal(read_picture(tmp_path / 'deep.png', 'deep')[..., 0], np.rint(values / 257))


@pytest.mark.parametrize('name', ['grey.png', 'grey.jp2', 'grey.tif'])
@pytest.mark.parametrize('bits', [10, 12])
def test_10_or_12_bit_in_16(tmp_path, name, bits):
    """Dark as 16 bit, and nothing tells how many bits there are."""
    values = np.linspace(0, 2 ** bits - 1, 1024).reshape(32, 32).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / name)
    with pytest.raises(EmonextError, match=rf'{name}.*{2 ** bits - 1}'):
        read_picture(tmp_path / name, name)


def test_exif_orientation(tmp_path):
    """Orientation 6: the stored picture is turned clockwise to be upright."""
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(stored).save(tmp_path / 'turned.png', exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / 'turned.png', 'it')[..., 0], np.rot90(stored, -1))


def png(width, height):
    """A PNG that declares a size and has no pixels in it."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', b'')


@pytest.mark.parametrize('side', [11_000, 60_000])
def test_too_many_pixels(side):
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(EmonextError, match=r'bomb.*100,000,000'):
        read_picture(png(side, side), 'bomb')
    assert before == Image.MAX_IMAGE_PIXELS


def test_limit_can_be_raised_and_lowered(picture):
    path = picture('a.png', size=(30, 20))
    with pytest.raises(EmonextError, match='500'):
        read_picture(path, 'it', 500)
    with pytest.raises(EmonextError, match='599'):
        read_picture(Image.open(path), 'it', 599)
    assert read_picture(path, 'it', 600).shape == (20, 30, 3)


def test_missing_foreign_and_cut_files(picture, tmp_path):
    path = picture('a.jpg', size=(300, 300))
    whole = path.read_bytes()
    (tmp_path / 'text.jpg').write_text('no picture')
    (tmp_path / 'empty.png').touch()
    for source, name in [(tmp_path / 'none.jpg', 'none'), (tmp_path / 'text.jpg', 'text'), (tmp_path, 'folder'),
                         (tmp_path / 'empty.png', 'empty'), (whole[:len(whole) // 2], 'half'), (b'', 'nothing')]:
        with pytest.raises(EmonextError, match=name) as error:
            read_picture(source, name)
        assert '\n' not in str(error.value)


def test_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / 'pipe.jpg')
    with pytest.raises(EmonextError, match=r'pipe\.jpg.*regular'):
        read_picture(tmp_path / 'pipe.jpg', str(tmp_path / 'pipe.jpg'))


def test_closed_image(picture):
    with Image.open(picture('a.png')) as image:
        pass
    with pytest.raises(EmonextError, match='it'):
        read_picture(image, 'it')


def test_threads_leave_pillow_as_it_was(picture):
    path, before = picture('a.png'), (Image.MAX_IMAGE_PIXELS, list(warnings.filters))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: read_picture(path, 'a'), range(200)))
    assert before == (Image.MAX_IMAGE_PIXELS, list(warnings.filters))


def test_damaged_files_are_one_error():
    """Bytes changed at random: a picture or an error, nothing else."""
    buffers = []
    for kind in ('PNG', 'JPEG', 'GIF', 'TIFF', 'WEBP', 'BMP', *(['AVIF'] if 'AVIF' in Image.SAVE else [])):
        buffer = io.BytesIO()
        Image.effect_noise((40, 30), 60).save(buffer, kind)
        buffers.append(buffer.getvalue())
    generator = np.random.default_rng(0)
    for data in buffers:
        for _ in range(40):
            changed = bytearray(data)
            for place in generator.integers(0, len(data), 5):
                changed[place] = generator.integers(256)
            with suppress(EmonextError):
                assert read_picture(bytes(changed), 'it', 10**6).shape[2] == 3


@pytest.mark.parametrize('kind', ['EPS', 'TGA', 'PCX'])
def test_other_formats_are_not_tried(kind, monkeypatch):
    """EPS would run a program of the system."""
    monkeypatch.setattr('subprocess.check_call', lambda *arguments, **options: pytest.fail('a program was run'))
    buffer = io.BytesIO()
    Image.new('RGB', (9, 9)).save(buffer, kind)
    with pytest.raises(EmonextError, match='it: no picture'):
        read_picture(buffer.getvalue(), 'it')


def test_a_photograph_of_a_telephone():
    """MPO: a JPEG that is followed by others."""
    buffer = io.BytesIO()
    Image.new('RGB', (9, 5), 'red').save(buffer, 'MPO', save_all=True, append_images=[Image.new('RGB', (3, 3))])
    assert read_picture(buffer.getvalue(), 'it').shape == (5, 9, 3)
