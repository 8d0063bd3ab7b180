import pytest

from emonext_mm.utils.files import atomic_file, write_atomic


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
