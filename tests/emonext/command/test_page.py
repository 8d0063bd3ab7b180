import argparse
import os

import pytest

from emonext import page
from emonext.classifier import DEFAULT, MODELS
from emonext.command.main import main, run_safely
from emonext.command.page import add_options, run
from emonext.page import is_page
from tests.emonext.webs import write_runtime, write_web

MODEL = MODELS / f'{DEFAULT}.onnx'


@pytest.fixture
def make(tmp_path, monkeypatch, capfd):
    """Run the command on a small page; return exit status, stdout and stderr."""
    monkeypatch.setattr(page, 'WEB', write_web(tmp_path / 'web'))
    ort = write_runtime(tmp_path / 'ort')
    parser = argparse.ArgumentParser()
    add_options(parser)

    def run_it(out, *options, model=MODEL):
        args = parser.parse_args([str(model), str(out), '--ort', str(ort), *options])
        return run_safely(run, args), *capfd.readouterr()

    return run_it


def read(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_folder(make, tmp_path):
    """A folder is made, and made again after a change; nothing else is left beside it."""
    before = set(os.listdir(tmp_path))
    status, out, _ = make(tmp_path / 'new' / 'page')
    assert (status, 'http.server' in out) == (0, True)
    first = read(tmp_path / 'new' / 'page')
    assert first['model.onnx'] == MODEL.read_bytes()
    write_web(tmp_path / 'web', **{'a.js': 'export const a = 2;\n'})
    assert make(tmp_path / 'new' / 'page')[0] == 0
    assert read(tmp_path / 'new' / 'page') == first | {'a.js': b'export const a = 2;\n'}
    assert set(os.listdir(tmp_path)) - before == {'new'}
    assert os.listdir(tmp_path / 'new') == ['page']


def test_an_empty_folder_and_a_link_to_it(make, tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'link').symlink_to('empty')
    assert make(tmp_path / 'link')[0] == 0
    assert (tmp_path / 'link').is_symlink()
    assert is_page(tmp_path / 'empty' / 'index.html')


def test_one_file(make, tmp_path):
    """A file is made, and replaced by the next one."""
    out = tmp_path / 'new' / 'page.HTML'
    for _ in range(2):
        status, text, _ = make(out)
        assert (status, f'{out.stat().st_size / 1e6:.1f} MB' in text) == (0, True)
    assert is_page(out)
    assert os.listdir(tmp_path / 'new') == ['page.HTML']


@pytest.mark.parametrize(('path', 'content', 'out'), [
    ('there/notes.txt', 'mine', 'there'),
    ('there/index.html', '<html>mine</html>', 'there'),
    ('there', 'a file', 'there'),
    ('there.html', '<html>mine</html>', 'there.html'),
    ('there.html/a.txt', 'mine', 'there.html'),
])
def test_files_of_others_are_kept(make, tmp_path, path, content, out):
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(content)
    status, _, err = make(tmp_path / out)
    assert (status, len(err.splitlines()), out in err) == (2, 1, True)
    assert (tmp_path / path).read_text() == content


def test_a_page_with_a_file_of_others(make, tmp_path):
    assert make(tmp_path / 'page')[0] == 0
    (tmp_path / 'page' / 'CNAME').write_text('example.org')
    before = read(tmp_path / 'page')
    status, _, err = make(tmp_path / 'page')
    assert (status, 'CNAME' in err) == (2, True)
    assert read(tmp_path / 'page') == before


@pytest.mark.parametrize('out', ['page', 'page.html'])
def test_an_error_changes_nothing(make, tmp_path, out):
    """Neither bad input nor a folder that cannot be written leaves anything."""
    status, _, err = make(tmp_path / 'new' / out, model=tmp_path / 'none.onnx')
    assert (status, 'none.onnx' in err, (tmp_path / 'new').exists()) == (2, True, False)
    (tmp_path / 'file').touch()
    status, _, err = make(tmp_path / 'file' / out)
    assert (status, len(err.splitlines()), out in err) == (1, 1, True)


def test_the_page_before_stays_where_the_exchange_fails(make, tmp_path, monkeypatch):
    out = tmp_path / 'page'
    assert make(out)[0] == 0
    before, rename = read(out), type(out).rename

    def fail(self, target):
        if self.name == 'new':
            raise OSError(28, 'No space left on device')
        return rename(self, target)

    monkeypatch.setattr(type(out), 'rename', fail)
    status, _, err = make(out)
    assert (status, 'No space' in err) == (1, True)
    assert read(out) == before
    assert not [name for name in os.listdir(tmp_path) if name.startswith('.emonext')]


@pytest.mark.parametrize('kind', ['folder', 'link', 'detector'])
def test_nothing_foreign_in_a_folder_is_lost(make, tmp_path, kind):
    """An empty folder, a link to a folder, and a detector that is not of the page."""
    out = tmp_path / 'page'
    assert make(out)[0] == 0
    if kind == 'folder':
        (out / 'keep' / 'deep').mkdir(parents=True)
    elif kind == 'link':
        (out / 'keep').symlink_to(tmp_path / 'web')
    else:
        (out / 'faces.onnx').write_text('mine')
    before = sorted(out.rglob('*'))
    status, _, err = make(out)
    assert (status, 'keep' in err or 'faces.onnx' in err) == (2, True)
    assert sorted(out.rglob('*')) == before


def test_neither_a_pipe_nor_the_present_folder_is_exchanged(make, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / 'pipe.html')
    assert make(tmp_path / 'pipe.html')[0] == 2
    assert not (tmp_path / 'pipe.html').is_file()
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    assert make('.')[0] == 2


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(page, 'WEB', write_web(tmp_path / 'web'))
    assert main(['page', str(MODEL), str(tmp_path / 'it.html'), '--ort', str(write_runtime(tmp_path / 'ort'))]) == 0
    assert is_page(tmp_path / 'it.html')
    assert str(tmp_path / 'it.html') in capsys.readouterr().out
