"""Draw the page of `emonext serve` on drawn faces, as an animated picture; needs Playwright and Chromium.

    python tools/export.py configs/emonext_atto_synthetic.py work_dirs/emonext_atto_synthetic drawn.onnx
    python tools/draw_page.py drawn.onnx --out resources/page.webp
"""
from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import _preflight  # noqa: F401
import numpy as np
from PIL import Image

from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.utils.errors import one_line_errors

SIZE = 480, 300  # px of a picture with three faces
BOXES = ((20, 40, 150, 170), (175, 90, 315, 230), (340, 30, 450, 140))
PICTURES, SECONDS = 3, 2.5  # each is shown


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument('model', type=Path, help='exported model of drawn faces')
    parser.add_argument('--out', type=Path, required=True, help='the picture (.webp)')
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = draw_pictures(folder)
        rows = ''.join(f'picture,{",".join(map(str, box))}\n' for box in BOXES)
        (folder / 'boxes.csv').write_text('source,left,top,right,bottom\n' + rows)
        command = [sys.executable, '-m', 'emonext', 'serve', '--port', '0', '--model', args.model, '--faces',
                   folder / 'boxes.csv']
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                first, *others = show(server.stdout.readline().strip(), pictures)
            finally:
                server.terminate()
    first.save(args.out, save_all=True, append_images=others, duration=int(1000 * SECONDS), loop=0, quality=80)
    print(f'{args.out}: {len(others) + 1} frames, {args.out.stat().st_size / 1e3:.0f} kB')


def draw_pictures(folder: Path) -> list[Path]:
    """Pictures with three drawn faces each."""
    faces = iter(SyntheticFER(len(BOXES) * PICTURES, seed=3).images)
    paths = [folder / f'drawn_{i + 1}.png' for i in range(PICTURES)]
    for path in paths:
        picture = Image.new('RGB', SIZE, '#c9d6df')
        for left, top, right, bottom in BOXES:
            face = Image.fromarray(np.asarray(next(faces), np.uint8)).resize((right - left, bottom - top))
            picture.paste(face, (left, top))
        picture.save(path)
    return paths


def show(address: str, pictures: list[Path]) -> list[Image.Image]:
    """Screenshots of the page with each of the pictures."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
        page = browser.new_page(viewport=dict(width=880, height=820), color_scheme='light')
        page.goto(address)
        page.locator('#choose:enabled').wait_for()
        shots = []
        for path in pictures:
            page.set_input_files('#files', path)
            page.locator('figcaption', has_text=path.name).wait_for()
            page.locator(f'.face:nth-child({len(BOXES)})').wait_for()
            shots.append(Image.open(io.BytesIO(page.screenshot())).convert('RGB'))
        browser.close()
    return shots


if __name__ == '__main__':
    with one_line_errors():
        main()
