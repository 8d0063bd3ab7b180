"""Signals that ask a training to stop: Ctrl-C, SIGTERM, and SIGUSR1, which clusters send before they end a job."""
from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGUSR1] if hasattr(signal, 'SIGUSR1') else [])]


class Interrupted(KeyboardInterrupt):
    """A training was asked to stop.

    Attributes:
        number: of the signal.
        status: exit status of a process that ends by it, 128 + ``number``: 130 for Ctrl-C, 143 for SIGTERM.
        checkpoint: file of the moment of the stop, from which the training goes on when it is resumed; None without.
    """

    checkpoint: Path | None = None

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number, self.status = number, 128 + number


class StopRequest:
    """The first signal that asked to stop. Where nothing waits to obey it, and at a second signal, it stops at once.

    Attributes:
        number: of the signal; 0 as long as none came.
        waits: whether a training will look at ``number``.
        raised: whether :class:`Interrupted` was raised within a handler.
    """

    def __init__(self) -> None:
        self.number, self.waits, self.raised = 0, False, False
        self._before: dict[int, object] = {}

    def listen(self) -> None:
        """Receive the signals, but those that the process ignores, as ``nohup`` and ``&`` tell it to.

        In another thread than the main one, no signal is received.
        """
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        self._before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        for number, handler in self._before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def stop_listening(self) -> None:
        """Give the signals back to those who handled them before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _receive(self, number: int, frame: object) -> None:
        """Handle a signal.

        Raises:
            Interrupted: nothing waits for a request, or a second signal came.
        """
        at_once, self.number = not self.waits or self.number, number
        if at_once:
            self.raised = True
            raise Interrupted(number)
        print(f'{signal.Signals(number).name}: the training stops after this step and saves its state; a second signal '
              'ends it at once', file=sys.stderr, flush=True)


@contextmanager
def stop_signals(at_once: bool = True) -> Iterator[StopRequest]:
    """Receive the signals that ask to stop; if not ``at_once``, from :meth:`StopRequest.listen` on.

    A process that waits for others, as when they all start, cannot handle a signal: until then it has to die of it.
    """
    request = StopRequest()
    try:
        if at_once:
            request.listen()
        yield request
    except Exception:
        if request.raised:  # and caught, as by the bare except of a library, which then raised this one
            raise Interrupted(request.number) from None
        raise
    finally:
        request.stop_listening()
