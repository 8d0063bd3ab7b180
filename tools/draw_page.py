"""Draw an animated picture of the page of `emonext serve` on drawn faces: three in a picture, then one before a camera.

    python tools/draw_page.py --out resources/page.webp

It needs Playwright's Python package (pip install playwright) and Chromium.
"""
from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import _preflight  # noqa: F401
import av
import numpy as np
from PIL import Image, ImageColor

from emonext.drawing import COLORS as LABELS
from emonext_mm.datasets.drawn_face import draw_face
from emonext_mm.emotions import CLASSES
from emonext_mm.utils.errors import one_line_errors

WIDTH = 800  # px of the result
WINDOW = dict(width=960, height=860)  # px, shrunk to WIDTH
PICTURE = {'happy': 4, 'angry': 7, 'surprise': 2}  # and their seeds
FILM, SEED = ('neutral', 'happy', 'surprise', 'angry'), 5
HOLD, BLEND, RATE = 14, 4, 10  # frames of an expression, frames until the next one, frames a second
# Palette of a GIF: greys, the colours of labels and buttons, and their mixtures with white and black.
PALETTE = [*((4 * i,) * 3 for i in range(64)), (245, 245, 242), *(
    tuple(round(part * value + (1 - part) * end) for value in ImageColor.getrgb(color))
    for color in (*LABELS, '#3556d8') for part, end in ((1, 0), (0.75, 255), (0.5, 255), (0.25, 255), (0.6, 0)))]
CAMERA = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream']

Frame = tuple[Image.Image, int]  # and its duration in milliseconds


def draw(emotion: str, seed: int, side: int) -> np.ndarray:
    """Draw a face, (side, side) uint8. Faces of one seed are one person's."""
    face = draw_face(CLASSES.index(emotion), np.random.default_rng(seed), 4, 0.35)
    return np.asarray(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC))


def compose() -> Image.Image:
    """Draw the faces of PICTURE, side by side."""
    return Image.fromarray(np.hstack([draw(emotion, seed, 320) for emotion, seed in PICTURE.items()]))


def film(path: Path) -> None:
    """Write a film (.y4m) of one drawn person whose expression changes, as Chromium shows it in place of a camera."""
    faces = [draw(emotion, SEED, 360).astype(float) for emotion in FILM]
    with av.open(str(path), 'w', format='yuv4mpegpipe') as file:
        stream = file.add_stream('rawvideo', rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 640, 360, 'yuv420p'
        for face, following in zip(faces, [*faces[1:], faces[0]]):
            for part in [0.0] * HOLD + [i / BLEND for i in range(1, BLEND)]:
                pixels = np.pad((1 - part) * face + part * following, ((0, 0), (140, 140)), 'edge').astype(np.uint8)
                file.mux(stream.encode(av.VideoFrame.from_ndarray(np.stack([pixels] * 3, -1), 'rgb24')))
        file.mux(stream.encode())


def use(page, picture: Path) -> Iterator[Frame]:
    """Use the page, and yield what it looks like."""
    yield shoot(page), 1200
    page.set_input_files('#files', picture)
    page.locator('.face').nth(len(PICTURE) - 1).wait_for()
    page.wait_for_timeout(500)
    yield shoot(page), 2000
    page.locator('#camera').click()
    page.locator('.face h2', has_text='Person').wait_for()
    end = time.monotonic() + len(FILM) * (HOLD + BLEND) / RATE + 1
    while time.monotonic() < end:
        begin = time.monotonic()
        image = shoot(page)
        page.wait_for_timeout(max(0, 250 - 1000 * (time.monotonic() - begin)))
        yield image, round(1000 * (time.monotonic() - begin))


def shoot(page) -> Image.Image:
    """What the page looks like, WIDTH pixels wide."""
    image = Image.open(io.BytesIO(page.screenshot())).convert('RGB')
    return image.resize((WIDTH, round(WIDTH * image.height / image.width)), Image.Resampling.LANCZOS)


def record() -> list[Frame]:
    """Start the service and Chromium, and use the page.

    Raises:
        OSError: Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise OSError('Playwright is missing: pip install playwright') from None
    chromium = shutil.which('chromium') or shutil.which('google-chrome')
    if chromium is None:
        raise OSError('chromium is missing')
    command = [sys.executable, '-m', 'emonext', 'serve', '--port', '0']
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, \
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            picture, camera = Path(folder) / 'drawn.png', Path(folder) / 'camera.y4m'
            compose().save(picture)
            film(camera)
            browser = playwright.chromium.launch(executable_path=chromium, args=[
                '--no-sandbox', *CAMERA, f'--use-file-for-fake-video-capture={camera}'])
            page = browser.new_page(viewport=WINDOW)
            page.goto(server.stdout.readline().split()[0])
            page.locator('#choose:enabled').wait_for()
            return list(use(page, picture))
        finally:
            server.terminate()


def write(frames: list[Frame], path: Path) -> None:
    """Write an animation (.gif or .webp) that repeats."""
    images, durations = zip(*frames)
    if path.suffix == '.gif':  # without dithering, which changes from frame to frame
        palette = Image.new('P', (1, 1))
        palette.putpalette(np.ravel(PALETTE).tolist())
        images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    images[0].save(path, save_all=True, append_images=images[1:], duration=list(durations), loop=0, optimize=True,
                   quality=80)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='the animation (.gif or .webp)')
    args = parser.parse_args(argv)
    frames = record()
    write(frames, args.out)
    print(f'{len(frames)} frames, {args.out.stat().st_size / 1e6:.2f} MB in {args.out}')


if __name__ == '__main__':
    with one_line_errors():
        main()
