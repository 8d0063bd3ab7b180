"""The page of ``emonext serve``, used as a person would."""
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from emonext import Recognizer
from tests.browser.waiting import entries, wait_until

pytest.importorskip('playwright')


@pytest.fixture(scope='module')
def address():
    with subprocess.Popen([sys.executable, '-m', 'emonext', 'serve', '--port', '0'], stdout=subprocess.PIPE, text=True
                          ) as server:
        yield server.stdout.readline().strip() + '/'
        server.terminate()
        assert server.wait() == 0


@pytest.fixture
def page(open_page, address):
    return open_page(address)


@pytest.fixture
def photograph(tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / 'astronaut.png')
    return tmp_path / 'astronaut.png'


@pytest.fixture
def expected():
    return next(Recognizer().predict(astronaut())).faces[0]


def read_probabilities(card):
    rows = card.locator('dl > div')
    return {rows.nth(i).get_attribute('data-name'): float(rows.nth(i).get_attribute('data-probability'))
            for i in range(rows.count())}


def test_a_picture(page, photograph, expected):
    """The answer is Python's, and stands where the face is."""
    page.set_input_files('#files', photograph)
    card = page.locator('.face')
    card.wait_for()
    text = f'{expected.label}, {100 * expected.score:.0f} %'
    assert card.get_by_role('heading').inner_text() == f'Face 1: {text}'
    assert page.get_by_role('status').inner_text() == f'1 face: {text.replace(",", "")}'
    assert read_probabilities(card) == pytest.approx(expected.probabilities, abs=1e-6)
    picture, box = (page.locator(name).bounding_box() for name in ('.frame canvas', '.box'))
    scale = picture['width'] / 512
    found = [(box['x'] - picture['x']) / scale, (box['y'] - picture['y']) / scale, box['width'] / scale,
             box['height'] / scale]
    left, top, right, bottom = expected.box
    assert found == pytest.approx([left, top, right - left, bottom - top], abs=1)
    for name in ('.crop', '.warped'):
        assert card.locator(f'{name} img').evaluate('async (image) => (await image.decode(), image.naturalWidth)') == 48


def test_several_pictures_and_a_bad_one(page, photograph, tmp_path):
    Image.new('RGB', (300, 200), 'grey').save(tmp_path / 'empty.png')
    (tmp_path / 'bad.png').write_text('no picture')
    page.set_input_files('#files', [photograph, tmp_path / 'empty.png'])
    page.locator('#status', has_text='No face').wait_for()
    assert page.locator('.view figcaption').all_inner_texts() == ['astronaut.png', 'empty.png']
    assert page.locator('.face').count() == 1
    page.set_input_files('#files', [tmp_path / 'bad.png', photograph])
    page.locator('#status', has_text='1 face').wait_for()
    assert page.locator('p.error').all_inner_texts() == ['bad.png: no picture that this browser can show']
    assert page.locator('article').count() == 1


def test_the_last_choice_counts(page, photograph, tmp_path):
    """Also before the first one is finished."""
    names = [tmp_path / f'{i}.png' for i in range(4)]
    for name in names:
        Image.fromarray(astronaut()).resize((2000, 2000)).save(name)
    page.set_input_files('#files', names)
    page.set_input_files('#files', photograph)
    page.locator('#status', has_text='1 face').wait_for()
    page.wait_for_timeout(1500)
    assert page.locator('.view figcaption').all_inner_texts() == ['astronaut.png']


@pytest.mark.parametrize('kind', ['drop', 'paste'])
def test_drop_and_paste(page, photograph, expected, kind):
    page.evaluate('''async ([kind, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], 'it.png', { type: 'image/png' }));
        document.dispatchEvent(kind === 'drop' ? new DragEvent('drop', { dataTransfer: data })
            : new ClipboardEvent('paste', { clipboardData: data }));
    }''', [kind, list(photograph.read_bytes())])
    page.locator('.face h2', has_text=expected.label).wait_for()


def test_keyboard(page, photograph):
    """The first stop is the button that opens a file dialog."""
    page.locator('#files').evaluate("""(input) => input.addEventListener('click', (event) => {
        event.preventDefault();  // no dialog of the system
        document.body.dataset.opened = 'yes';
    })""")
    page.bring_to_front()
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.id') == 'choose'
    page.keyboard.press('Enter')
    page.locator('body[data-opened]').wait_for()
    page.set_input_files('#files', photograph)
    page.locator('.face').wait_for()
    for name in ('Choose pictures', 'Use the camera'):
        assert page.get_by_role('button', name=name).count() == 1


def test_the_camera(page, expected):
    page.get_by_role('button', name='Use the camera').click()
    page.locator('.face h2', has_text=f'Person 1: {expected.label}').wait_for()
    wait_until(page, lambda: entries(page) >= 5)
    assert expected.label in page.locator('.timeline canvas').get_attribute('aria-label')
    found = read_probabilities(page.locator('.face').first)
    assert found[expected.label] == pytest.approx(expected.score, abs=0.1)  # other frames, other pixels
    page.get_by_role('button', name='Stop the camera').click()
    page.get_by_role('button', name='Use the camera').wait_for()


@pytest.mark.parametrize(('end', 'words'), [
    ('media.getTracks().forEach((track) => track.stop())', 'camera has stopped'),
    ('socket.close()', 'server has ended')])
def test_an_end_of_the_camera_is_told(open_page, address, end, words):
    """Unplugged, and an idle connection that the server ends."""
    page = open_page('about:blank', address)
    page.add_init_script("""
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (...what) => (globalThis.media = await ask(...what));
        globalThis.WebSocket = class extends WebSocket {
            constructor(...what) { super(...what); globalThis.socket = this; }
        };""")
    page.goto(address)
    page.locator('#choose:enabled').wait_for()
    page.get_by_role('button', name='Use the camera').click()
    page.locator('.face').first.wait_for()
    page.evaluate(end)
    page.locator('#status.error', has_text=words).wait_for()
    page.get_by_role('button', name='Use the camera').wait_for()


def test_what_the_numbers_mean(page):
    page.locator('summary').click()
    assert '70.5 %' in page.locator('#accuracy').inner_text()
    assert page.locator('#private').inner_text().startswith('Pictures are sent to 127.0.0.1')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [390, 1200])
def test_nothing_is_wider_than_the_window(open_page, address, photograph, scheme, width):
    page = open_page(address, viewport=dict(width=width, height=800), color_scheme=scheme)
    page.set_input_files('#files', photograph)
    page.locator('.face').wait_for()
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    back, text = (page.evaluate(f'getComputedStyle(document.body).{name}') for name in ('backgroundColor', 'color'))
    brightness = [np.mean([int(part) for part in color[4:-1].split(',')]) for color in (back, text)]
    assert (brightness[0] > brightness[1]) == (scheme == 'light')
    assert abs(brightness[0] - brightness[1]) > 150
