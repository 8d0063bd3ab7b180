import base64
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('httpx')
from starlette.testclient import TestClient

from emonext.service.app import build_app
from emonext.service.limits import Limits


@pytest.fixture
def connect(recognizer):
    """A client of the service with some limits."""
    clients = []

    def start(**limits):
        clients.append(TestClient(build_app(recognizer, Limits(**limits))).__enter__())
        return clients[-1]

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def test_one_picture(connect, encode, recognizer):
    """The fields of the command's JSON."""
    answer = connect().post('/predict', content=encode(200))
    assert answer.status_code == 200
    expected = next(recognizer.predict(encode(200))).to_dict() | dict(source='picture')
    assert answer.json() == {'results': [json.loads(json.dumps(expected))]}


def test_a_form(connect, encode):
    """Results in order; a name that looks like a path is a name; a bad one beside good ones."""
    files = [('x', ('../../etc/passwd', encode(10))), ('x', ('bad.png', b'no picture')), ('y', ('c.jpg', encode(250)))]
    answer = connect().post('/predict', files=files)
    first, bad, last = answer.json()['results']
    assert answer.status_code == 200
    assert [(result['source'], result['faces'][0]['label']) for result in (first, last)] == [
        ('../../etc/passwd', 'dark'), ('c.jpg', 'bright')]
    assert set(bad) == {'source', 'error'}
    assert bad['error'].startswith('bad.png: ')
    assert connect().post('/predict', files=files[1:2]).status_code == 422


def test_pictures_of_what_the_model_was_shown(connect, encode):
    face, = connect().post('/predict?pictures=1', content=encode(120)).json()['results'][0]['faces']
    for kind, side in (('crop', 48), ('warped', 24)):
        head, data = face[kind].split(',')
        image = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        assert (head, image.shape, set(image.ravel())) == ('data:image/png;base64', (side, side), {120})


def bomb():
    """A PNG that declares 30,000 x 30,000 pixels."""
    file = io.BytesIO()
    Image.new('1', (30_000, 30_000)).save(file, 'PNG')
    return file.getvalue()


@pytest.mark.parametrize(('limits', 'content', 'status', 'words'), [
    ({}, b'', 400, 'no picture'), ({}, b'text', 422, 'picture'), ({}, bomb, 422, '30000 x 30000'),
    (dict(pixels=1000), None, 422, '48 x 48'), (dict(bytes=20), None, 413, '20'), (dict(requests=0), None, 503, '0'),
    (dict(faces=0), None, 422, '1 faces')])
def test_limits(connect, encode, limits, content, status, words):
    content = content() if callable(content) else content
    answer = connect(**limits).post('/predict', content=encode() if content is None else content)
    assert answer.status_code == status
    error = answer.json().get('error') or answer.json()['results'][0]['error']
    assert words in error
    assert '\n' not in error
    assert ('retry-after' in answer.headers) == (status == 503)


def test_bytes_without_a_length_are_counted(connect):
    answer = connect(bytes=1000).post('/predict', content=iter([b'x' * 600, b'x' * 600]))
    assert (answer.status_code, '1,000' in answer.json()['error']) == (413, True)


@pytest.mark.parametrize(('kind', 'content', 'status'), [
    ('multipart/form-data', b'x', 400), ('multipart/form-data; boundary=b', b'--b\r\nbroken', 400),
    ('multipart/form-data; boundary=b', b'', 400), ('application/json', b'{}', 422)])
def test_damaged_forms(connect, kind, content, status):
    answer = connect().post('/predict', content=content, headers={'content-type': kind})
    assert answer.status_code == status


@pytest.mark.parametrize('charset', ['punycode', '"utf-7"', 'unicode_escape; a=b'])
def test_the_charset_of_a_form_is_not_used(connect, encode, charset):
    """Some take minutes, some give text that is none."""
    body = (b'--b\r\nContent-Disposition: form-data; name="x"; filename="+2AA-\\ud800.png"\r\n\r\n' + encode()
            + b'\r\n--b--\r\n')
    answer = connect().post('/predict', content=body,
                            headers={'content-type': f'multipart/form-data; charset={charset}; boundary=b'})
    assert (answer.status_code, answer.json()['results'][0]['source']) == (200, '+2AA-\\ud800.png')


def test_fields_that_are_no_files_are_short(connect):
    assert connect().post('/predict', data={'x': 'a' * 5000}, files=[('y', ('a', b'x'))]).status_code == 400


def test_pictures_that_nobody_waits_for_are_left_out(connect, recognizer, encode):
    """After a 504, the picture in work is the last one."""
    looked = []
    find = recognizer.find

    def wait(picture, name):
        looked.append(name)
        time.sleep(0.3)
        return find(picture, name)

    recognizer.find = wait
    client = connect(seconds=0.2)
    assert client.post('/predict', files=[('x', (str(i), encode())) for i in range(9)]).status_code == 504
    while client.get('/health').json()['in_work']:
        pass
    assert looked == ['0']


@pytest.mark.parametrize('cut', [3, 60, 200])
def test_a_cut_form_is_damaged(connect, encode, cut):
    """None of its files is left out."""
    part = b'--b\r\nContent-Disposition: form-data; name="x"; filename="a.png"\r\n\r\n' + encode() + b'\r\n'
    body = 3 * part + b'--b--'
    kind = {'content-type': 'multipart/form-data; boundary=b'}
    assert connect().post('/predict', content=body[:-cut], headers=kind).status_code == 400
    assert len(connect().post('/predict', content=body, headers=kind).json()['results']) == 3


def test_other_pages_are_not_answered(connect, encode):
    for origin, status in (('http://testserver', 200), ('http://elsewhere.example', 403), ('null', 403)):
        assert connect().post('/predict', content=encode(), headers={'origin': origin}).status_code == status


def test_too_many_pictures(connect, encode):
    answer = connect(pictures=2).post('/predict', files=[('x', ('a', encode()))] * 3)
    assert (answer.status_code, '2 pictures' in answer.json()['error']) == (413, True)


def test_nothing_is_written(connect, noise, monkeypatch):
    """A picture of more than the megabyte that Starlette keeps in memory by itself."""
    import tempfile

    def refuse(*arguments, **options):
        raise AssertionError('a file')

    monkeypatch.setattr(tempfile, 'TemporaryFile', refuse)
    large = noise + b'x' * 2_000_000
    assert connect().post('/predict', files=[('x', ('a.png', large))]).status_code == 200


def test_no_answer_in_time(connect, recognizer, encode):
    """A place is held until the work ends; then there is room again."""
    done = threading.Event()
    find = recognizer.find

    def wait(picture, name):
        done.wait(30)
        return find(picture, name)

    recognizer.find = wait
    client = connect(seconds=0.2, requests=1)
    assert client.post('/predict', content=encode()).status_code == 504
    assert client.post('/predict', content=encode()).status_code == 503
    assert client.get('/health').json() == dict(status='ok', in_work=1, requests=1)
    done.set()
    while client.get('/health').json()['in_work']:
        pass
    assert client.post('/predict', content=encode()).status_code == 200


def test_concurrent_requests_each_get_their_own_answer(connect, encode):
    client = connect()
    values = [10, 120, 250] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda value: client.post('/predict', content=encode(value)).json(), values))
    assert [answer['results'][0]['faces'][0]['label'] for answer in answers] == ['dark', 'grey', 'bright'] * 8


def test_model_health_page_and_headers(connect, recognizer):
    client = connect()
    assert client.get('/model').json() == recognizer.classifier.meta
    assert client.get('/health').json() == dict(status='ok', in_work=0, requests=64)
    page = client.get('/')
    assert '<title>EmoNeXt' in page.text
    assert "default-src 'self'" in page.headers['content-security-policy']
    assert page.headers['x-content-type-options'] == 'nosniff'
    for path in ('/main.js', '/style.css'):
        assert client.get(path).status_code == 200
    for path in ('/../app.py', '/%2e%2e/app.py', '/none', '//etc/passwd'):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize('method', ['GET', 'PUT', 'DELETE'])
def test_pictures_are_only_posted(connect, method):
    answer = connect().request(method, '/predict')
    assert answer.status_code == 405
    assert answer.headers['allow'] == 'POST'
    assert answer.json() == {'error': 'Method Not Allowed'}
