"""PNG files that declare a size."""
from __future__ import annotations

import struct
import zlib


def png(width: int, height: int, pixels: bytes = b'') -> bytes:
    """A grey PNG of a size, with these pixels, each row preceded by a zero byte."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))

    head = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(pixels)) + chunk(b'IEND', b'')
