from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def calls(monkeypatch):
    found = []

    def publish(**kwargs):
        found.append(kwargs)
        kwargs['out'].write_bytes(bytes(7_350_000))
        return SimpleNamespace(path=kwargs['out'], text='figures')

    monkeypatch.setattr('emonext_mm.apis.publish.publish', publish)
    return found


def test_passes_its_arguments_on(calls, call_tool, tmp_path, capsys):
    call_tool('publish.py', 'config.py', tmp_path / 'run', tmp_path / 'out.safetensors', '--command', 'train', '--data',
              'drawn')
    assert calls.pop() == dict(config=Path('config.py'), checkpoint=tmp_path / 'run', out=tmp_path / 'out.safetensors',
                               command='train', data='drawn', commit=None)
    assert capsys.readouterr().out.split('\n') == ['figures', '', f'{tmp_path}/out.safetensors, 7.35 MB', '']


def test_bad_input_is_one_line(error_of, tmp_path):
    message = error_of('publish.py', tmp_path / 'none.py', tmp_path, tmp_path / 'out.safetensors', '--command', 'x',
                       '--data', 'y')
    assert str(tmp_path) in message
    assert not (tmp_path / 'out.safetensors').exists()
