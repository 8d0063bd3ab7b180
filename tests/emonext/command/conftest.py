"""The command with the classifier whose answer is known."""
import json

import pytest

from emonext.command.main import main
from emonext.recognizer import Recognizer


@pytest.fixture
def emonext(classifier, monkeypatch, capfd):
    """Run the command with the known classifier; return exit status, stdout and stderr."""
    monkeypatch.setattr('emonext.command.predict.Recognizer',
                        lambda model, faces, *args, **kwargs: Recognizer(classifier, faces, *args, **kwargs))

    def run(*args):
        try:
            status = main(['predict', *map(str, args)])
        except SystemExit as end:  # argparse
            status = end.code
        return status, *capfd.readouterr()

    return run


@pytest.fixture
def lines():
    """Read a file of JSON lines."""
    return lambda path: [json.loads(line) for line in path.read_text().splitlines()]
