import numpy as np
import pytest

from emonext import EmonextError
from emonext.command import window
from emonext.command.main import main
from emonext.command.window import WindowSink
from emonext.results import Result
from emonext.sources import Item

ITEM, PIXELS, RESULT = Item('a', 'a', 'picture'), np.zeros((40, 60, 3), np.uint8), Result('a', 60, 40, (), 0, 0.0)


@pytest.fixture
def sink():
    try:
        found = WindowSink()
    except EmonextError as error:
        pytest.skip(str(error))  # no tkinter or no display
    with found:
        yield found


def test_a_frame_is_shown(sink):
    sink.write(ITEM, PIXELS, RESULT)
    assert (sink._label.image.width(), sink._label.image.height()) == (60, 40)


def test_large_pictures_are_shrunk(sink):
    sink.write(ITEM, np.zeros((500, 4000, 3), np.uint8), RESULT)
    assert sink._label.image.width() == window.LARGEST


def test_closing_the_window_interrupts(sink):
    sink._stop()
    with pytest.raises(KeyboardInterrupt):
        sink.write(ITEM, PIXELS, RESULT)


def test_without_tkinter(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'tkinter', None)
    with pytest.raises(EmonextError, match='tkinter'):
        WindowSink()


def test_without_a_display(monkeypatch):
    pytest.importorskip('tkinter')
    monkeypatch.setenv('DISPLAY', ':9999')
    with pytest.raises(EmonextError, match='display'):
        WindowSink()


def test_closing_the_window_ends_the_command(monkeypatch, picture, capsys):
    """As an interruption does: the second picture is not predicted."""
    class Closed(WindowSink):
        def __init__(self):
            super().__init__()
            self._stop()

    monkeypatch.setattr(window, 'WindowSink', Closed)
    status = main(['predict', str(picture('a.png')), str(picture('b.png')), '--faces', 'none', '--show'])
    out, err = capsys.readouterr()
    if status == 2:
        pytest.skip(err)  # no tkinter or no display
    assert (status, out, err) == (130, '', 'interrupted\n')
