import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.helpers.documentation import load_tool


@pytest.fixture(scope='module')
def tool():
    return load_tool('tools/draw_page.py')


def test_the_picture(tool):
    """The faces of PICTURE side by side, each from its own seed."""
    pixels = np.asarray(tool.compose())
    assert pixels.shape == (320, 3 * 320)
    for i, (emotion, seed) in enumerate(tool.PICTURE.items()):
        assert (pixels[:, 320 * i:320 * (i + 1)] == tool.draw(emotion, seed, 320)).all()


def test_the_film(tool, tmp_path):
    """Each expression is held, then blended with the next one; the person is in the middle."""
    tool.film(tmp_path / 'camera.y4m')
    with av.open(str(tmp_path / 'camera.y4m')) as file:
        frames = [frame.to_ndarray(format='gray')[:, 140:500].astype(float) for frame in file.decode(video=0)]
    length = tool.HOLD + tool.BLEND - 1
    assert len(frames) == len(tool.FILM) * length
    held = [tool.draw(emotion, tool.SEED, 360).astype(float) for emotion in tool.FILM]
    for i, face in enumerate(held):
        distances = [np.abs(frames[i * length] - other).mean() for other in held]
        assert np.argmin(distances) == i
        assert (frames[i * length] == frames[i * length + tool.HOLD - 1]).all()
        following = held[(i + 1) % len(held)]
        blended = frames[i * length + tool.HOLD + tool.BLEND // 2 - 1]
        np.testing.assert_allclose(blended, (face + following) / 2, atol=16)  # 8 bits, and the range of video
        assert np.abs(blended - (face + following) / 2).mean() < np.abs(blended - face).mean()


@pytest.mark.parametrize('suffix', ['.gif', '.webp'])
def test_the_animation(tool, tmp_path, suffix):
    """Durations and colours are kept, and it repeats."""
    colors = [(0xd5, 0x5e, 0x00), (0x35, 0x56, 0xd8), (0, 0, 0)]
    tool.write([(Image.new('RGB', (80, 60), color), 100 * (i + 1)) for i, color in enumerate(colors)],
               tmp_path / f'page{suffix}')
    tolerance = 0 if suffix == '.gif' else 4  # of a lossy WebP
    with Image.open(tmp_path / f'page{suffix}') as image:
        assert image.info['loop'] == 0
        for frame, color, duration in zip(ImageSequence.Iterator(image), colors, (100, 200, 300)):
            np.testing.assert_allclose(frame.convert('RGB').getpixel((40, 30)), color, atol=tolerance)
            assert frame.info['duration'] == duration
        assert image.n_frames == 3


def test_without_chromium(error_of, monkeypatch, tmp_path):
    """One line; nothing is written."""
    monkeypatch.setenv('PATH', str(tmp_path))
    assert 'missing' in error_of('draw_page.py', '--out', tmp_path / 'page.gif')
    assert not (tmp_path / 'page.gif').exists()
