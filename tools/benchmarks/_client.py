"""A server of `emonext serve` in a process of its own, and clients that load it."""
from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from time import perf_counter


class Server:
    """``emonext serve`` on a free port of the loopback.

    Args:
        options: of the command.

    Raises:
        RuntimeError: it does not start, or its exit status is not 0 at the end.
    """

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen([sys.executable, '-m', 'emonext', 'serve', '--port', '0', *options],
                                         stdout=subprocess.PIPE, text=True)
        found = re.match(r'http://(.+):(\d+)', self._process.stdout.readline())
        if found is None:
            raise RuntimeError(f'emonext serve: exit status {self._process.wait()}')
        self.address = found[1], int(found[2])

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        if self._process.wait(120) and error == (None, None, None):
            raise RuntimeError(f'emonext serve: exit status {self._process.returncode}')

    def memory(self) -> float:
        """Resident memory in MB, on Linux."""
        pages = int(Path(f'/proc/{self._process.pid}/statm').read_text().split()[1])
        return pages * os.sysconf('SC_PAGE_SIZE') / 1e6

    def threads(self) -> int:
        """Number of threads, on Linux."""
        return len(os.listdir(f'/proc/{self._process.pid}/task'))

    def connect(self, timeout: float = 120) -> socket.socket:
        """Open a connection without HTTP."""
        return socket.create_connection(self.address, timeout)

    def post(self, body: bytes, kind: str = 'image/jpeg', connection: http.client.HTTPConnection | None = None
             ) -> tuple[int, bytes]:
        """Status and content of the answer to a picture, over a connection of its own or a given one."""
        own = connection or self.open()
        try:
            own.request('POST', '/predict', body, {'Content-Type': kind})
            answer = own.getresponse()
            return answer.status, answer.read()
        finally:
            if connection is None:
                own.close()

    def open(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        return http.client.HTTPConnection(*self.address, timeout=120)


def load(server: Server, bodies: Sequence[bytes], clients: int, goes_on: Callable[[int], bool]) -> list[float]:
    """Seconds of all requests of some clients, each of which sends the next one after its answer.

    Args:
        bodies: sent in turn.
        goes_on: whether the request of an index, counted over all clients, is to be sent.

    Raises:
        RuntimeError: a status other than 200.
    """
    index = count()

    def work(_: int) -> list[float]:
        seconds, connection = [], server.open()
        while goes_on(i := next(index)):
            start = perf_counter()
            status, content = server.post(bodies[i % len(bodies)], connection=connection)
            seconds.append(perf_counter() - start)
            if status != 200:
                raise RuntimeError(f'status {status}: {content[:200].decode(errors="replace")}')
        connection.close()
        return seconds

    with ThreadPoolExecutor(clients) as executor:
        return [value for found in executor.map(work, range(clients)) for value in found]
