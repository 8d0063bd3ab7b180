import os
import signal
import threading

import pytest

from emonext_mm.utils.interrupt import STOP_SIGNALS, Interrupted, StopRequest, stop_signals


@pytest.fixture(autouse=True)
def not_ignored():
    """A process in the background may have been told to ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 138)])
def test_a_training_that_waits_is_told(number, status, capsys):
    with stop_signals() as request:
        request.waits = True
        os.kill(os.getpid(), number)
        assert request.number == number
        with pytest.raises(Interrupted, match=number.name) as stop:
            os.kill(os.getpid(), number)  # the second one
    assert (stop.value.number, stop.value.status, stop.value.checkpoint) == (number, status, None)
    assert number.name in capsys.readouterr().err


def test_where_nothing_waits_it_stops_at_once():
    with pytest.raises(Interrupted), stop_signals():
        os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_given_back():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with stop_signals():
        assert [signal.getsignal(number) for number in STOP_SIGNALS] != before
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before


def test_it_may_begin_to_listen_later():
    before = [signal.getsignal(number) for number in STOP_SIGNALS]
    with stop_signals(at_once=False) as request:
        assert [signal.getsignal(number) for number in STOP_SIGNALS] == before
        request.waits = True
        request.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        assert request.number == signal.SIGTERM
    assert [signal.getsignal(number) for number in STOP_SIGNALS] == before


def test_an_ignored_signal_stays_ignored():
    """As ``nohup`` and a shell's ``&`` have it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_signals() as request:
            os.kill(os.getpid(), signal.SIGINT)
            assert request.number == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_receives_none():
    before, found = signal.getsignal(signal.SIGTERM), []

    def run():
        with stop_signals() as request:
            found.append((request, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert isinstance(found[0][0], StopRequest)
    assert found[0][1] == before
