"""The page without a server, used as a person would."""
import re

import pytest
from PIL import Image
from skimage.data import astronaut

from tests.browser.pages import *  # noqa: F403, its fixtures
from tests.browser.pages import recognize
from tests.browser.waiting import entries, wait_until


@pytest.fixture(params=['folder', 'file'])
def opened(request, open_page, make, serve):
    if request.param == 'folder':
        return open_page(serve(make('page'))[0])
    return open_page(make('page.html').as_uri())


@pytest.fixture
def photograph(tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / 'astronaut.png')
    return tmp_path / 'astronaut.png'


def probability(page, name):
    return float(page.locator(f'.face dl > div[data-name="{name}"]').get_attribute('data-probability'))


def is_happy(page, value):
    return lambda: probability(page, 'happy') == pytest.approx(value, abs=1e-4)


def test_a_square_is_moved(opened, photograph):
    """From the middle to the left by the keyboard, then by the mouse: Python's answers for these squares."""
    opened.set_input_files('#files', photograph)
    opened.locator('.face').wait_for()
    side = 0.6 * 512
    box = [(512 - side) / 2, (512 - side) / 2, (512 + side) / 2, (512 + side) / 2]
    expected = recognize(astronaut(), [box]).faces[0].probabilities
    assert probability(opened, 'happy') == pytest.approx(expected['happy'], abs=1e-4)

    square = opened.get_by_role('group', name=re.compile('Square around the face'))
    square.focus()
    step = 0.02 * 512
    for key, change in (('ArrowLeft', [-step, 0, -step, 0]), ('-', [step, step, -step, -step])):
        opened.keyboard.press(key)
        box = [old + new for old, new in zip(box, change)]
        expected = recognize(astronaut(), [box]).faces[0].probabilities
        wait_until(opened, is_happy(opened, expected['happy']))

    place = square.bounding_box()
    scale = 512 / opened.locator('.frame').bounding_box()['width']
    opened.mouse.move(place['x'] + 40, place['y'] + 40)
    opened.mouse.down()
    opened.mouse.move(place['x'] + 40, place['y'] - 20)
    opened.mouse.up()
    box = [box[0], box[1] - 60 * scale, box[2], box[3] - 60 * scale]
    expected = recognize(astronaut(), [box]).faces[0].probabilities
    wait_until(opened, is_happy(opened, expected['happy']))


def test_the_camera_with_a_square(opened):
    opened.get_by_role('button', name='Use the camera').click()
    wait_until(opened, lambda: entries(opened) >= 5)
    assert opened.locator('.square').count() == 1
    assert opened.locator('.face h2').inner_text().startswith('Person 1: ')
    opened.get_by_role('button', name='Stop the camera').click()


def test_a_detector_that_is_none(opened, tmp_path):
    (tmp_path / 'bad.onnx').write_text('no model')
    opened.get_by_role('button', name='Choose a face detector').wait_for()
    opened.set_input_files('#finder-file', tmp_path / 'bad.onnx')
    opened.locator('#status.error', has_text='bad.onnx').wait_for()
    assert opened.locator('#private').inner_text().startswith('Pictures stay in this browser')
