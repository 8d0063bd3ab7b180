"""Requests that a service must survive."""
from __future__ import annotations

import io
import random
import socket
import struct
import zlib
from contextlib import suppress

import numpy as np
from _client import Server
from PIL import Image

FORM = 'multipart/form-data; boundary=X'
PART = b'--X\r\nContent-Disposition: form-data; name="a"; filename="a.jpg"\r\n\r\n'
UPGRADE = (b'GET /stream HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
           b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n')


def bodies(photograph: bytes, chance: random.Random) -> dict[str, tuple[bytes, str]]:
    """Bodies and their types by name."""
    cut = photograph[:chance.randrange(1, len(photograph))]
    damaged = bytearray(photograph)
    for _ in range(30):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    whole = PART + photograph + b'\r\n'
    return {
        'cut picture': (cut, 'image/jpeg'),
        'damaged picture': (bytes(damaged), 'image/jpeg'),
        'bomb of a header': (png(60000, 60000, b''), 'image/png'),
        'bomb of the largest size': (png(5000, 5000, zlib.compress(bytes(5000 * 15001), 9)), 'image/png'),
        'picture without pixels': (png(0, 0, b''), 'image/png'),
        'random bytes': (chance.randbytes(chance.randrange(1, 100_000)), 'application/octet-stream'),
        'empty': (b'', 'image/jpeg'),
        'text': (b'{"url": "http://127.0.0.1/", "path": "/etc/passwd"}', 'application/json'),
        'svg': (b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', 'image/svg+xml'),
        'PostScript': (b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n{} loop\n', 'image/png'),
        'too many bytes': (bytes(20_000_001), 'image/jpeg'),
        'cut form': (whole[:chance.randrange(10, len(whole))], FORM),
        'form without files': (b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--X--\r\n', FORM),
        'form of many files': (1000 * (PART + b'a\r\n') + b'--X--\r\n', FORM),
        'form of boundaries': (b'--X\r\n' * 100_000, FORM),
        'form of line ends': (PART + b'\r' * 2_000_000, FORM),
        'form without a boundary': (whole, 'multipart/form-data'),
    }


def png(width: int, height: int, pixels: bytes) -> bytes:
    """PNG of a size, with compressed pixels."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))

    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', pixels) + chunk(b'IEND', b'')


def raw_requests(photograph: bytes, chance: random.Random) -> dict[str, bytes]:
    """Bytes of whole connections by name; the client closes them without an answer where it does not end them."""
    head = b'POST /predict HTTP/1.1\r\nHost: a\r\n'
    length = b'Content-Length: %d\r\n\r\n' % len(photograph)
    return {
        'client that goes after its request': head + length + photograph,
        'client that goes within its request': head + length + photograph[:chance.randrange(len(photograph))],
        'no HTTP': chance.randbytes(1000),
        'TLS': b'\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03' + chance.randbytes(300),
        'long header': head + b'A: ' + 200_000 * b'a',
        'many headers': head + b''.join(b'A%d: b\r\n' % i for i in range(5000)) + b'\r\n',
        'wrong length': head + b'Content-Length: -5\r\n\r\n',
        'two lengths': head + b'Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345',
        'chunk of another size': head + b'Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
        'path out of the folder': b'GET /../../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
        'WebSocket of random bytes': UPGRADE + chance.randbytes(1000),
        'WebSocket of a huge frame': UPGRADE + b'\x82\xff' + struct.pack('>Q', 2**40) + b'aaaa' + bytes(1000),
        'WebSocket that goes': UPGRADE + b'\x82\xfe' + struct.pack('>H', 1000) + b'aaaa' + bytes(1000),
    }


def slow_senders(server: Server, photograph: bytes, number: int) -> list[socket.socket]:
    """Connections that stay open with nothing, a part of a header, a part of a body, or a part of a frame."""
    parts = [b'', b'POST /predict HTTP/1.1\r\nHo', UPGRADE + b'\x82\xfe\x10\x00aaaa' + bytes(10),
             b'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n' % len(photograph) + photograph[:1000]]
    sockets = [server.connect() for _ in range(number)]
    for i, connection in enumerate(sockets):
        connection.sendall(parts[i % len(parts)])
    return sockets


def is_closed(connection: socket.socket, seconds: float) -> bool:
    """Whether the server closes a connection within some seconds."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def send_raw(server: Server, content: bytes) -> str:
    """Send bytes, wait shortly for the beginning of an answer, and close the connection. Return the status."""
    with server.connect(0.3) as connection, suppress(OSError):
        connection.sendall(content)
        answer = connection.recv(12)
        return answer[9:12].decode(errors='replace') or 'closed'
    return 'closed'


def jpeg(pixels: np.ndarray) -> bytes:
    """JPEG of a picture (H, W, 3) uint8."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'JPEG', quality=90)
    return file.getvalue()
