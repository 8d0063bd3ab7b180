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
    command = [sys.executable, '-m', 'emonext', 'serve', '--port', '0', '--max-pixels', '500000']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        yield server.stdout.readline().split()[0] + '/'
        server.terminate()
        assert server.wait() == 0


@pytest.fixture
def page(open_page, address):
    return open_page(address)


@pytest.fixture
def save(tmp_path):
    """Write a picture and return its path."""

    def write(name, pixels):
        Image.fromarray(pixels).save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def photograph(save):
    return save('astronaut.png', astronaut())


@pytest.fixture(scope='module')
def expected():
    return next(Recognizer().predict(astronaut())).faces[0]


def read_probabilities(card):
    rows = card.locator('dl > div').evaluate_all(
        '(rows) => rows.map(({ dataset }) => [dataset.name, dataset.probability])')
    return {name: float(value) for name, value in rows}


def read_percentages(card):
    return dict(zip(card.locator('dt').all_inner_texts(), card.locator('dd').all_inner_texts()))


def expect(errors, text):
    """Errors that the browser reports by itself all have this text."""
    assert errors
    assert all(text in error for error in errors)
    errors.clear()


def place_on_picture(page, selector, width):
    """Left, top, right, bottom of an element in pixels of the picture, which has this width."""
    picture, box = (page.locator(name).bounding_box() for name in ('.frame canvas', selector))
    scale = width / picture['width']
    left, top = ((box[key] - picture[key]) * scale for key in 'xy')
    return [left, top, left + box['width'] * scale, top + box['height'] * scale]


def test_a_picture(page, photograph, expected):
    """The answer is Python's, and stands where the face is."""
    page.set_input_files('#files', photograph)
    card = page.locator('.face')
    card.wait_for()
    percentage = f'{100 * expected.score:.0f} %'
    assert card.get_by_role('heading').inner_text() == f'Face 1: {expected.label}, {percentage}'
    assert page.get_by_role('status').inner_text() == f'1 face: {expected.label} {percentage}'
    assert read_probabilities(card) == pytest.approx(expected.probabilities, abs=1e-6)
    assert read_percentages(card) == {name: f'{100 * value:.0f} %' for name, value in expected.probabilities.items()}
    assert place_on_picture(page, '.box', 512) == pytest.approx(expected.box, abs=1)
    assert page.locator('.box').inner_text().strip() == f'{expected.label} {percentage}'
    for name in ('.crop', '.warped'):
        assert card.locator(f'{name} img').evaluate('async (image) => (await image.decode(), image.naturalWidth)') == 48


def test_bars_are_as_long_as_the_probabilities(page, photograph, expected):
    page.set_input_files('#files', photograph)
    page.locator('.face').wait_for()
    lengths = page.locator('.face dd').evaluate_all(
        "(rows) => rows.map((row) => parseFloat(row.querySelector('i').style.width) / 100)")
    assert lengths == pytest.approx(list(expected.probabilities.values()), abs=1e-5)


def test_several_faces(page, save):
    """Faces are numbered, in Python's order, and their boxes too; the mouse on a card raises its box."""
    heads = [np.asarray(Image.fromarray(astronaut()[:260, 90:350]).resize((side, side))) for side in (300, 240, 260)]
    pixels = np.full((300, 900, 3), 90, np.uint8)
    for i, head in enumerate(heads):
        pixels[:len(head), 300 * i:300 * i + len(head)] = head
    expected = next(Recognizer().predict(pixels)).faces
    page.set_input_files('#files', save('three.png', pixels))
    page.locator('.face').nth(2).wait_for()
    assert len(expected) == page.locator('.face').count() == 3
    for i, face in enumerate(expected):
        assert read_probabilities(page.locator('.face').nth(i)) == pytest.approx(face.probabilities, abs=1e-6)
        assert place_on_picture(page, f'.box >> nth={i}', 900) == pytest.approx(face.box, abs=2)
        assert page.locator('.box b').nth(i).inner_text() == str(i + 1)
    page.locator('.face').nth(1).hover()
    assert [box.get_attribute('class').split().count('pointed') for box in page.locator('.box').all()] == [0, 1, 0]


def test_several_pictures_and_bad_ones(page, photograph, save, tmp_path, errors):
    """Each picture has its answer or its error, in the order in which they were given."""
    (tmp_path / 'bad.png').write_text('no picture')
    page.set_input_files('#files', [
        photograph, tmp_path / 'bad.png', save('grey.png', np.full((200, 300, 3), 99, np.uint8)),
        save('large.png', np.zeros((800, 900, 3), np.uint8))])
    page.locator('#status', has_text='4 pictures, 1 face: 1 happy; 2 failed').wait_for()
    assert page.locator('.view figcaption').all_inner_texts() == ['astronaut.png', 'grey.png', 'large.png']
    assert page.locator('#results > *').nth(1).inner_text().startswith('bad.png: ')
    texts = page.locator('.nobody').all_inner_texts()
    assert texts[1] == 'No face was found.'
    assert texts[2].startswith('large.png: ')
    assert '900 x 800 px' in texts[2]
    assert '500,000' in texts[2]
    expect(errors, '422')
    page.set_input_files('#files', tmp_path / 'bad.png')
    page.locator('#status.error', has_text='bad.png').wait_for()
    assert page.locator('#results > *').count() == 0


def test_the_last_choice_counts(page, photograph, save):
    """Pictures that are chosen while others are looked at replace them."""
    page.set_input_files('#files', [photograph] * 4)
    page.set_input_files('#files', save('other.png', astronaut()[:400]))
    page.locator('#status', has_text='1 face: happy').wait_for()
    page.wait_for_timeout(500)
    assert page.locator('.view figcaption').all_inner_texts() == ['other.png']


@pytest.mark.parametrize('kind', ['drop', 'paste'])
def test_drop_and_paste(page, photograph, expected, kind):
    page.evaluate('''async ([kind, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], 'it.png', { type: 'image/png' }));
        const options = { bubbles: true, cancelable: true };
        document.body.dispatchEvent(kind === 'drop' ? new DragEvent('drop', { dataTransfer: data, ...options })
            : new ClipboardEvent('paste', { clipboardData: data, ...options }));
    }''', [kind, list(photograph.read_bytes())])
    page.locator('.face h2', has_text=expected.label).wait_for()
    assert page.locator('.view figcaption').inner_text() == 'it.png'


def test_keyboard(page, photograph):
    """Without a mouse: a picture is chosen, the camera is switched on and off, the text is opened."""
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
    page.keyboard.press('Tab')
    page.keyboard.press('Space')
    page.locator('.face h2', has_text='Person 1').wait_for()
    assert page.locator(':focus').inner_text() == 'Stop the camera'
    page.keyboard.press('Space')
    page.keyboard.press('Tab')
    page.keyboard.press('Enter')
    assert page.locator('#accuracy').is_visible()


def test_names_for_a_screen_reader(page, photograph):
    page.set_input_files('#files', photograph)
    page.locator('.face').wait_for()
    assert page.locator('article').get_attribute('aria-label') == 'astronaut.png'
    assert page.get_by_role('img', name='astronaut.png').count() == 1
    pictures = page.locator('img:visible, canvas:visible')
    assert pictures.count() == 4  # the mark of the page, the picture, the face as shown to the model and its warp
    assert [each.get_attribute('alt') is not None or bool(each.get_attribute('aria-label')) for each in pictures.all()
            ] == [True] * 4
    assert page.locator('.box').get_attribute('aria-hidden') == 'true'  # the card says the same


def test_the_camera(page, expected):
    page.get_by_role('button', name='Use the camera').click()
    page.locator('.face h2', has_text=f'Person 1: {expected.label}').wait_for()
    wait_until(page, lambda: entries(page) >= 5)
    assert f'person 1 {expected.label}' in page.locator('.timeline canvas').get_attribute('aria-label')
    found = read_probabilities(page.locator('.face').first)
    assert found[expected.label] == pytest.approx(expected.score, abs=0.1)  # other frames, other pixels
    assert page.get_by_role('status').inner_text() == f'Person 1: {expected.label}'
    page.get_by_role('button', name='Stop the camera').click()
    page.get_by_role('button', name='Use the camera').wait_for()
    count = entries(page)
    page.wait_for_timeout(500)
    assert entries(page) == count
    assert page.locator('.face').count() == 1  # the last frame stays


def test_a_camera_is_a_mirror(page):
    """The box is where the face is in the picture as shown."""
    page.get_by_role('button', name='Use the camera').click()
    page.locator('.box').wait_for()
    page.get_by_role('button', name='Stop the camera').click()
    left, _, right, _ = place_on_picture(page, '.box', 640)
    assert page.locator('.frame canvas').evaluate('(canvas) => getComputedStyle(canvas).transform') == \
        'matrix(-1, 0, 0, 1, 0, 0)'
    assert 640 - 262 < (left + right) / 2 < 640 - 212  # the middle of the face moves from 222 to 252 px


def test_the_timeline_has_the_colour_of_the_label(page, expected):
    page.get_by_role('button', name='Use the camera').click()
    wait_until(page, lambda: entries(page) >= 10)
    page.get_by_role('button', name='Stop the camera').click()
    pixel = page.locator('.timeline canvas').evaluate('''(canvas) =>
        [...canvas.getContext('2d').getImageData(canvas.width - 8, 17, 1, 1).data.slice(0, 3)]''')
    assert expected.label == 'happy'
    assert pixel == [0xf0, 0xe4, 0x42]  # of happy


@pytest.fixture
def watched(open_page, address):
    """The page before the camera, whose media and socket the test can reach."""
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
    return page


def test_a_camera_that_is_unplugged(watched):
    watched.evaluate('media.getTracks().forEach((track) => track.stop())')
    watched.locator('#status.error', has_text='camera has stopped').wait_for()
    watched.get_by_role('button', name='Use the camera').wait_for()


def test_a_connection_that_ends(watched):
    """As an idle one does, when the page was not seen for long: it is opened again, and the timeline goes on."""
    wait_until(watched, lambda: entries(watched) >= 3)
    before = entries(watched)
    watched.evaluate('socket.close()')
    wait_until(watched, lambda: entries(watched) >= before + 3)
    assert watched.get_by_role('button', name='Stop the camera').count() == 1


def test_a_server_that_ends(open_page, tmp_path, photograph, errors):
    """One line, and the camera ends."""
    with subprocess.Popen([sys.executable, '-m', 'emonext', 'serve', '--port', '0'], stdout=subprocess.PIPE,
                          text=True) as server:
        page = open_page(server.stdout.readline().split()[0] + '/')
        page.get_by_role('button', name='Use the camera').click()
        page.locator('.face').wait_for()
        server.terminate()
        server.wait()
    page.get_by_role('button', name='Use the camera').wait_for()
    page.locator('#status.error', has_text='The server has ended the connection').wait_for()
    page.set_input_files('#files', photograph)
    page.locator('#status.error', has_text='The server cannot be reached').wait_for()
    expect(errors, 'ERR_CONNECTION_REFUSED')


def test_what_the_numbers_mean(page):
    page.locator('summary').click()
    text = page.locator('#accuracy').inner_text()
    figures = Recognizer().classifier.meta['figures']
    assert f'{figures["single_view"]["accuracy"]:.1f} %' in text
    assert f'{figures["single_view"]["leak_free"]["accuracy"]:.1f} %' in text
    found = read_percentages(page.locator('#about'))
    assert found == {name: f'{row["recall"]:.0f} %' for name, row in figures['classes'].items()}
    assert page.locator('#private').inner_text().startswith('Pictures are sent to 127.0.0.1')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [360, 1200])
def test_width_and_colours(open_page, address, photograph, scheme, width):
    """Nothing is wider than the window, and text has the contrast of WCAG's level AA to its background."""
    page = open_page(address, viewport=dict(width=width, height=800), color_scheme=scheme)
    page.set_input_files('#files', photograph)
    page.locator('.face').wait_for()
    page.locator('summary').click()
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    card = luminance(page, 'article', 'backgroundColor')
    back = luminance(page, 'body', 'backgroundColor')
    assert (card > 0.5) == (scheme == 'light')
    for selector, behind in (('h1', back), ('.lead', back), ('#status', back), ('.face h2', card), ('figcaption', card),
                             ('#private', card), ('.face dt', card), ('.face dd b', card)):
        light, dark = sorted((luminance(page, selector, 'color'), behind), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, selector


def luminance(page, selector, name):
    """Relative luminance of a colour of the first element."""
    color = page.locator(selector).first.evaluate('(element, name) => getComputedStyle(element)[name]', name)
    values = np.array([int(part) for part in color[4:-1].split(',')]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)
