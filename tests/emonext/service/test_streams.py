import pytest

pytest.importorskip('httpx')
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from emonext.service.app import build_app
from emonext.service.limits import Limits


@pytest.fixture
def client(recognizer):
    with TestClient(build_app(recognizer, Limits(streams=1, seconds=1.0))) as found:
        yield found


def ask(socket, content):
    socket.send_bytes(content)
    return socket.receive_json()


def test_frames(client, encode):
    """Tracks, numbers, and times that do not fall; what cannot be read is told, and it goes on."""
    with client.websocket_connect('/stream?pictures=1') as socket:
        first, bad, last = ask(socket, encode(200)), ask(socket, b'no picture'), ask(socket, encode(200))
        socket.send_text('text')
        assert 'error' in socket.receive_json()
    assert (first['frame'], first['time'], last['frame'], last['time'] >= 0) == (0, 0.0, 2, True)
    assert [result['faces'][0]['track'] for result in (first, last)] == [0, 0]
    assert first['faces'][0]['crop'].startswith('data:image/png')
    assert set(bad) == {'error'}


def test_probabilities_are_smoothed_over_time(client, encode, monkeypatch):
    """After a half-life, half of the old probability is left."""
    monkeypatch.setattr('emonext.service.streams.monotonic', iter([7.0, 7.5]).__next__)
    with client.websocket_connect('/stream') as socket:
        first, last = ask(socket, encode(10)), ask(socket, encode(250))
    assert first['faces'][0]['probabilities']['dark'] == pytest.approx(0.8)
    assert last['faces'][0]['probabilities']['dark'] == pytest.approx(0.45)


@pytest.mark.parametrize(('seconds', 'expected'), [('0', 0.1), ('0.25', 0.275)])
def test_the_half_life_is_an_option(client, encode, monkeypatch, seconds, expected):
    """0.1 follows 0.8, half a second later."""
    monkeypatch.setattr('emonext.service.streams.monotonic', iter([7.0, 7.5]).__next__)
    with client.websocket_connect(f'/stream?smoothing={seconds}') as socket:
        ask(socket, encode(10))
        assert ask(socket, encode(250))['faces'][0]['probabilities']['dark'] == pytest.approx(expected)


@pytest.mark.parametrize('text', ['-1', 'nan', 'inf', '', 'x'])
def test_no_half_life(client, text):
    with client.websocket_connect(f'/stream?smoothing={text}') as socket:
        assert f'smoothing={text}:' in socket.receive_json()['error']
        with pytest.raises(WebSocketDisconnect) as end:
            socket.receive_json()
    assert end.value.code == 1008


def test_refused_connections(client, encode):
    """Those of another page, and more than there may be."""
    for origin in ('http://elsewhere.example', 'null', 'http://['):
        with pytest.raises(WebSocketDisconnect) as other, client.websocket_connect(
                '/stream', headers={'origin': origin}):
            pass
        assert other.value.code == 1008
    with client.websocket_connect('/stream', headers={'origin': 'http://testserver'}) as socket:
        assert ask(socket, encode())['frame'] == 0
        with pytest.raises(WebSocketDisconnect) as many, client.websocket_connect('/stream'):
            pass
        assert many.value.code == 1013


def test_an_idle_connection_ends(client):
    with client.websocket_connect('/stream') as socket, pytest.raises(WebSocketDisconnect) as end:
        socket.receive_json()
    assert end.value.code == 1001
