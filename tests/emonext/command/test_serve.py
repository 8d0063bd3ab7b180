import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('uvicorn')
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync import client

from emonext.command.main import main


@pytest.fixture
def server():
    """A process on a free port, and its address."""
    process = subprocess.Popen([sys.executable, '-m', 'emonext', 'serve', '--port', '0', '--faces', 'none', '--threads',
                                '1'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    address = process.stdout.readline().strip()
    assert address.startswith('http://127.0.0.1:')
    yield process, address.removeprefix('http://')
    process.kill()
    process.communicate()


def post(address, content):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request('POST', '/predict', content)
    return connection.getresponse().status


def wait_for(address, number):
    """Wait until a number of requests is in work."""
    health = http.client.HTTPConnection(address, timeout=30)
    for _ in range(500):
        health.request('GET', '/health')
        if json.loads(health.getresponse().read())['in_work'] == number:
            return
        time.sleep(0.01)
    raise TimeoutError(number)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_work_is_answered_before_the_end(server, number):
    process, address = server
    file = io.BytesIO()
    Image.fromarray(np.zeros((4000, 4000, 3), np.uint8)).save(file, 'PNG')
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(post(address, file.getvalue()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for(address, 4)
    process.send_signal(number)
    for thread in threads:
        thread.join()
    assert process.wait(30) == 0
    assert statuses == [200] * 4
    assert process.stderr.read() == ''


def test_a_frame_in_work_is_answered_before_the_end(server):
    process, address = server
    file = io.BytesIO()
    Image.fromarray(np.zeros((4000, 4000, 3), np.uint8)).save(file, 'PNG')
    with client.connect(f'ws://{address}/stream', max_size=None) as stream:
        stream.send(file.getvalue())
        wait_for(address, 1)
        process.send_signal(signal.SIGTERM)
        assert json.loads(stream.recv(30))['frame'] == 0
        with pytest.raises(ConnectionClosed) as end:
            stream.recv(30)
    assert end.value.rcvd.code == 1012
    assert process.wait(30) == 0
    assert process.stderr.read() == ''


def test_a_port_that_is_taken(capsys):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        assert main(['serve', '--port', str(port)]) == 2
    assert str(port) in capsys.readouterr().err
    assert main(['serve', '--port', '99999']) == 2
    assert '99999' in capsys.readouterr().err


def test_without_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'uvicorn', None)
    assert main(['serve', '--port', '0']) == 2
    assert capsys.readouterr().err == "error: emonext serve needs uvicorn: pip install 'emonext_mm[serve]'\n"


def test_demo_opens_the_page(monkeypatch, capsys):
    opened = threading.Event()
    addresses = []
    monkeypatch.setattr('webbrowser.open', lambda address: (addresses.append(address), opened.set()))
    monkeypatch.setattr(uvicorn.Server, 'run', lambda self, sockets: opened.wait(10))
    assert main(['demo']) == 0
    assert addresses == [capsys.readouterr().out.strip()]
    assert not addresses[0].endswith(':0')
