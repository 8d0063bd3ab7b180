"""Debian's Chromium, driven by Playwright: a stage of its own, ``.ci/browser``; skipped where they are missing."""
import os
import shutil

import av
import numpy as np
import pytest
from skimage.data import astronaut

CHROMIUM = os.environ.get('EMONEXT_CHROMIUM') or shutil.which('chromium')
CAMERA = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream']


@pytest.fixture(scope='session')
def film(tmp_path_factory):
    """What the camera sees: scikit-image's astronaut, moving to the right and back."""
    path = tmp_path_factory.mktemp('camera') / 'camera.y4m'
    with av.open(str(path), 'w', format='yuv4mpegpipe') as file:
        stream = file.add_stream('rawvideo', rate=10)
        stream.width, stream.height, stream.pix_fmt = 640, 480, 'yuv420p'
        for i in range(20):
            pixels = np.full((480, 640, 3), 60, np.uint8)
            left = 3 * min(i, 20 - i)  # slow enough for one track, however few frames are seen
            pixels[:, left:left + 512] = astronaut()[:480]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, 'rgb24')))
        file.mux(stream.encode())
    return path


@pytest.fixture(scope='session')
def browser(film):
    playwright = pytest.importorskip('playwright.sync_api')
    if CHROMIUM is None:
        pytest.skip('no chromium')
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=[
            '--no-sandbox', *CAMERA, f'--use-file-for-fake-video-capture={film}'])
        yield found
        found.close()


@pytest.fixture
def errors():
    """What a page complains of; none when the test ends."""
    found = []
    yield found
    assert found == []


@pytest.fixture
def open_page(browser, errors):
    """Open a page of an address; its requests are those of that address, or the host, alone."""
    pages = []

    def start(address, host=None, **options):
        page = browser.new_page(reduced_motion='reduce', **options)  # nothing moves while it is measured
        pages.append(page)
        page.on('console', lambda message: errors.append(message.text) if message.type == 'error' else None)
        page.on('pageerror', lambda error: errors.append(str(error)))
        page.on('request', lambda request: None if request.url.startswith((host or address, 'data:', 'blob:'))
                else errors.append(request.url))
        page.goto(address)
        if host is None:
            page.wait_for_selector('#choose:enabled')
        return page

    yield start
    for page in pages:
        page.close()
