import pytest

from emonext_mm.utils.errors import CheckpointError, one_line_errors


@pytest.mark.parametrize('error', [ValueError, FileNotFoundError, ConnectionError, ImportError, CheckpointError])
def test_bad_input_is_one_line(error):
    with pytest.raises(SystemExit) as end, one_line_errors():
        raise error('what.pth is bad')
    assert end.value.code == 'error: what.pth is bad'


@pytest.mark.parametrize('error', [TypeError, KeyError, RuntimeError, AssertionError, ZeroDivisionError])
def test_a_defect_keeps_its_traceback(error):
    with pytest.raises(error, match='why'), one_line_errors():
        raise error('why')


def test_every_traceback_on_demand(monkeypatch):
    monkeypatch.setenv('EMONEXT_TRACEBACK', '1')
    with pytest.raises(ValueError, match='why'), one_line_errors():
        raise ValueError('why')


def test_no_error():
    with one_line_errors():
        done = True
    assert done


@pytest.mark.parametrize(('message', 'shown'), [
    ('é.pth: weight', 'é.pth: weight'), ('a\nb\0\x1b\ud800', r'a\nb\x00\x1b\ud800'), ('x' * 2000, 'x' * 997 + '...')])
def test_names_in_a_checkpoint_make_no_lines(message, shown):
    assert str(CheckpointError(message)) == shown
