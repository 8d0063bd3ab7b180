"""A process with other packages, see ``_peers.py``."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


class Peer:
    """The process; a context.

    Args:
        python: interpreter of its environment.
        folder: with the pictures.

    Raises:
        ValueError: the process ended, as without its packages; the message is the last that it said.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self._python, self._log = python, folder / 'peers.log'
        with open(self._log, 'w') as log:
            self._process = subprocess.Popen(
                [python, Path(__file__).with_name('_peers.py'), folder], text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log)
        self.versions = self._read()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.wait()

    def ask(self, name: str, *arguments: str) -> Any:
        """Return the answer of a call."""
        print(name, *arguments, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            status, said = self._process.wait(), self._log.read_text().splitlines()
            raise ValueError(f'{self._python} ended with status {status}: {said[-1] if said else "nothing said"}')
        return json.loads(line)
