import gzip
import os
import re

import pytest

from emonext_mm.utils.files import atomic_file, check_writable, read_text, write_atomic


@pytest.mark.parametrize(('content', 'written'), [('é', 'é'.encode()), (b'\x00', b'\x00')])
def test_write_atomic_creates_the_folder(tmp_path, content, written):
    path = tmp_path / 'a' / 'b' / 'file.txt'
    write_atomic(path, content)
    assert path.read_bytes() == written
    assert list(path.parent.iterdir()) == [path]


def test_file_has_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / 'file'
    path.write_bytes(b'old')
    with atomic_file(path) as file:
        file.write(b'new')
        file.flush()
        assert path.read_bytes() == b'old'
    assert path.read_bytes() == b'new'


def test_several_writers_at_once(tmp_path):
    with atomic_file(tmp_path / 'file') as first, atomic_file(tmp_path / 'file') as second:
        first.write(b'1')
        second.write(b'2')
    assert (tmp_path / 'file').read_bytes() in (b'1', b'2')
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize('content', [b'old', None])
def test_error_keeps_the_old_file_and_leaves_nothing(tmp_path, content):
    path = tmp_path / 'file'
    if content:
        path.write_bytes(content)

    def fail():
        with atomic_file(path) as file:
            file.write(b'half')
            raise OSError('No space left on device')

    with pytest.raises(OSError, match='No space left'):
        fail()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([content] if content else [])


def test_writable_later(tmp_path):
    check_writable(tmp_path / 'new' / 'folder' / 'file')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('name', ['.', 'file/x', 'file/x/y'])
def test_not_writable(tmp_path, name):
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match=str(tmp_path)):
        check_writable(tmp_path / name)


def test_text_within_a_limit(tmp_path):
    path, packed = tmp_path / 'text', tmp_path / 'text.gz'
    path.write_bytes('\ufeffgrün'.encode())
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for each in (path, packed):
        assert read_text(each, 8) == 'grün'
        with pytest.raises(ValueError, match=rf'^{each} holds more than 7 bytes'):
            read_text(each, 7)


def test_file_beyond_memory(tmp_path):
    """Read in part. A gzipped one is unpacked in part."""
    with open(tmp_path / 'huge', 'wb') as file:
        file.truncate(2**40)
    (tmp_path / 'bomb.gz').write_bytes(gzip.compress(bytes(2**24)))
    for name in ('huge', 'bomb.gz'):
        with pytest.raises(ValueError, match=f'{name} holds more than 1,000 bytes'):
            read_text(tmp_path / name, 1000)


@pytest.mark.parametrize(('content', 'name'), [(b'\xff\xfe', 'text'), (b'text', 'text.gz'),
                                               (gzip.compress(b'text', mtime=0)[:-3], 'text.gz')])
def test_no_text(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f'{name} is not'):
        read_text(tmp_path / name, 100)


@pytest.mark.parametrize(('path', 'error'), [('pipe', ValueError), ('.', ValueError), ('loop', OSError),
                                             ('none', OSError), ('a\0b', ValueError), ('x' * 5000, OSError)])
def test_what_is_no_regular_file(tmp_path, path, error):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'loop').symlink_to('loop')
    with pytest.raises(error, match=re.escape(repr(path)[1:-1])):
        read_text(f'{tmp_path}/{path}', 100)
