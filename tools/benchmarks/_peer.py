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
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self._process = subprocess.Popen(
            [python, Path(__file__).with_name('_peers.py'), folder], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
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
            raise RuntimeError(f'the process of the other packages ended with status {self._process.wait()}')
        return json.loads(line)
