"""Pickled arrays as Python 2 and NumPy 1 write them, whose bytes are text for Python 3."""
import struct

import numpy as np

NONE, FALSE, BUILD, REDUCE = b"N", b"\x89", b"b", b"R"


def dump_python2(arrays: dict[str, np.ndarray]) -> bytes:
    """Protocol 2, a dict of arrays in C order."""
    items = b''.join(_text(key.encode()) + _array(value) for key, value in arrays.items())
    return b'\x80\x02}(' + items + b'u.'


def _text(content: bytes) -> bytes:
    return b'T' + struct.pack('<i', len(content)) + content


def _number(value: int) -> bytes:
    return b'J' + struct.pack('<i', value)


def _tuple(*parts: bytes) -> bytes:
    return b'(' + b''.join(parts) + b't'


def _name(module: str, name: str) -> bytes:
    return f'c{module}\n{name}\n'.encode()


def _array(value: np.ndarray) -> bytes:
    empty = _name('numpy.core.multiarray', '_reconstruct') + _tuple(
        _name('numpy', 'ndarray'), _tuple(_number(0)), _text(b'b')) + REDUCE
    kind = _name('numpy', 'dtype') + _tuple(_text(value.dtype.str[1:].encode()), _number(0), _number(1)) + REDUCE
    kind += _tuple(_number(3), _text(b'<'), NONE, NONE, NONE, _number(-1), _number(-1), _number(0)) + BUILD
    shape = _tuple(*map(_number, value.shape))
    return empty + _tuple(_number(1), shape, kind, FALSE, _text(value.tobytes())) + BUILD
