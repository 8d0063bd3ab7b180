import bz2
import gzip
import lzma
import shlex
import subprocess
import sys
import tarfile
import zipfile

import pytest

from emonext_mm.datasets.readers.archives import refuse_archive, unpack_command


@pytest.fixture
def data(tmp_path):
    (tmp_path / 'a folder').mkdir()
    (tmp_path / 'data.csv').write_text('emotion,pixels')
    return tmp_path / 'data.csv'


def make_archive(data, name):
    path = data.parent / 'a folder' / name
    if name.endswith('.zip'):
        with zipfile.ZipFile(path, 'w') as archive:
            archive.write(data, 'data.csv')
    elif '.tar' in name or name.endswith('.tgz'):
        packing = 'gz' if name.endswith('gz') else name.partition('.tar')[2].lstrip('.')
        with tarfile.open(path, f'w:{packing}') as archive:
            archive.add(data, 'data.csv')
    else:
        packed = {'.gz': gzip, '.bz2': bz2, '.xz': lzma}[path.suffix].compress(data.read_bytes())
        path.write_bytes(packed)
    return path


@pytest.mark.parametrize('name', ['a.zip', 'a.tar', 'a.tar.gz', 'a.tgz', 'a.tar.bz2', 'a.tar.xz'])
def test_the_command_unpacks(data, name):
    path = make_archive(data, name)
    command = shlex.split(unpack_command(path))
    assert command[0] == 'python'
    subprocess.run([sys.executable, *command[1:]], check=True)
    assert (path.parent / 'data.csv').read_text() == 'emotion,pixels'


@pytest.mark.parametrize(('name', 'tool'), [('data.csv.gz', 'gunzip'), ('data.bz2', 'bunzip2'), ('data.xz', 'unxz')])
def test_single_files(data, name, tool):
    path = make_archive(data, name)
    assert shlex.split(unpack_command(path)) == [tool, str(path)]


@pytest.mark.parametrize(('head', 'tool'), [(b'7z\xbc\xaf\x27\x1c', '7z'), (b'Rar!\x1a\x07', 'unrar'),
                                            (b'PK\3\4', 'python'), (bytes(257) + b'ustar', 'python')])
def test_kind_by_content(data, head, tool):
    """Whatever the name."""
    data.write_bytes(head + bytes(1000))
    assert unpack_command(data).startswith(tool)
    with pytest.raises(ValueError, match=rf'^{data} is an archive\..* {tool} '):
        refuse_archive(data)


@pytest.mark.parametrize('content', [b'', b'emotion,pixels', b'PK', bytes(300)])
def test_no_archive(data, content):
    data.write_bytes(content)
    assert unpack_command(data) is None
    refuse_archive(data)
