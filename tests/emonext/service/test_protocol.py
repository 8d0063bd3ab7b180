import asyncio
import socket
import threading
import time

import pytest

pytest.importorskip('uvicorn')
import uvicorn

from emonext.service import protocol

connect = uvicorn.protocols.http.h11_impl.H11Protocol.connection_made


@pytest.fixture
def address(monkeypatch):
    """A service that answers with the length of the body; the head of a request may take half a second."""
    monkeypatch.setattr(protocol, 'SECONDS', 0.5)

    async def app(scope, receive, send):
        size, more = 0, scope['path'] != '/early'
        while more:
            message = await receive()
            size, more = size + len(message['body']), message['more_body']
        await asyncio.sleep(0.7)  # longer than a head may take
        await send(dict(type='http.response.start', status=200, headers=[(b'content-length', b'1')]))
        await send(dict(type='http.response.body', body=str(size).encode()))

    listener = socket.create_server(('127.0.0.1', 0))
    server = uvicorn.Server(uvicorn.Config(app, http=protocol.TimedProtocol, lifespan='off', log_level='error'))
    thread = threading.Thread(target=server.run, args=([listener], ))
    thread.start()
    yield listener.getsockname()
    server.should_exit = True
    thread.join()
    listener.close()


def talk(address, *parts):
    """Send parts, 0.3 s apart, and return what comes until the end of the connection or for two seconds."""
    found = b''
    with socket.create_connection(address, 2) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.3)
        try:
            while part := connection.recv(1000):
                found += part
        except TimeoutError:
            return found, False
        except ConnectionResetError:
            pass
    return found, True


def test_a_slow_head_is_cut_off(address):
    assert talk(address) == (b'', True)  # nothing at all
    try:
        answer = talk(address, *[b'GET / HTTP/1.1\r\n', b'Host: a\r\n', b'A: b\r\n', b'C: d\r\n', b'E: f\r\n\r\n'])
    except ConnectionError:  # while the parts are sent
        answer = b'', True
    assert answer == (b'', True)


def test_a_slow_body_and_answer_are_not(address):
    found, _ = talk(address, b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n', b'a', b'b', b'c')
    assert found.startswith(b'HTTP/1.1 200')
    assert found.endswith(b'3')


def test_a_slow_second_head_is_cut_off(address):
    """After a whole request on the same connection."""
    found, ended = talk(address, b'GET / HTTP/1.1\r\nHost: a\r\n\r\n', b'', b'', b'', b'GET / HTT')
    assert found.count(b'HTTP/1.1 200') == 1
    assert ended


def test_the_rest_of_an_answered_request_is_cut_off(address):
    """One that the application does not read."""
    found, ended = talk(address, b'POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n', b'a', b'a', b'a')
    assert found.startswith(b'HTTP/1.1 200')
    assert ended


def test_parts_of_an_answer_are_sent_at_once(address, monkeypatch):
    set_before = []
    monkeypatch.setattr(uvicorn.protocols.http.h11_impl.H11Protocol, 'connection_made', lambda self, transport: (
        set_before.append(transport.get_extra_info('socket').getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)),
        connect(self, transport)))
    talk(address, b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert set_before == [1]
