"""Pictures stay in the browser."""
import pytest

from tests.browser.pages import *  # noqa: F403, its fixtures
from tests.browser.pages import BOX, predict

data = pytest.importorskip('skimage.data')

SEND = ["(url) => fetch(url, { method: 'POST', body: 'x', mode: 'no-cors' }).catch(() => null)",
        '(url) => navigator.sendBeacon(url, "x")',
        '(url) => new Promise((done) => { Object.assign(new Image(), { onload: done, onerror: done, src: url }); })']


@pytest.mark.parametrize('name', ['page', 'page.html'])
def test_pictures_stay_in_the_browser(make, serve, browser, tmp_path, name):
    """Nothing is requested after loading, from nobody but the page, and the browser refuses connections to others."""
    out = make(name)
    address, requests = (out.as_uri(), []) if out.is_file() else serve(out)
    (tmp_path / 'secret').write_text('x')
    other, others = serve(tmp_path)
    seen = []
    with browser.new_page() as page:
        page.on('request', lambda request: seen.append(request.url))
        page.goto(address)
        predict(page, data.astronaut(), [BOX])
        page.wait_for_load_state('networkidle')
        assert {url for url in seen if not url.startswith((address, 'data:', 'blob:'))} == set()
        count = len(requests)
        before = len(seen)
        for _ in range(3):
            predict(page, data.astronaut(), [BOX])
        assert (len(seen), len(requests)) == (before, count)
        for code in SEND:
            page.evaluate(code, f'{other}secret')
    assert others == []
