"""The pages of README and manual, their code blocks and commands, and a small checkout to run them in."""
from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from skimage.data import astronaut

from tests.emonext.films import write_film
from tests.helpers.fer2013_files import make_faces, write_fer2013, write_image

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / 'README.md', *sorted(path for path in (ROOT / 'docs').rglob('*.md') if '_build' not in path.parts)]
# In the small checkout: a few samples, one epoch, the smallest model.
SMALLER = {
    r'num_samples=\d+': 'num_samples=21',
    r'batch_size=\d+': 'batch_size=7',
    r'num_workers=\d+': 'num_workers=0',
    r'max_epochs=\d+': 'max_epochs=1',
    r"arch='tiny'": "arch='atto'",
    r'in_channels=768': 'in_channels=320',
}


class Block(NamedTuple):
    """A fenced code block of a page."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The path in a first line such as ``# configs/mine.py``: the block is a file, and no code to run."""
        found = re.match(r'# ((?:configs)/[\w/]+\.(?:py|yml))\n', self.text)
        return found and found[1]


def read_blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in re.findall(r'^```(\w+)\n(.*?)^```', page.read_text(), re.MULTILINE | re.DOTALL)]


def read_commands(block: Block) -> list[list[str]]:
    """The commands of a shell block as lists of arguments, without comments and leading ``NAME=value``."""
    lines = [re.sub(r'^(?:[A-Z_]+=\S+ )+', '', line) for line in block.text.replace('\\\n', ' ').splitlines()]
    return [command for line in lines if (command := shlex.split(line, comments=True))]


def as_tool(command: list[str]) -> tuple[str, list[str]] | None:
    """``python tools/train.py ...`` as ('tools/train.py', arguments); the ``.sh`` as what they call; else None."""
    if command[0] == 'python' and command[1].startswith('tools/'):
        return command[1], command[2:]
    if command[0] == 'tools/dist_train.sh':
        config, processes, *options = command[1:]
        return 'tools/train.py', [config, '--launcher', 'pytorch', *options] if int(processes) else []
    if command[0] == 'tools/dist_test.sh':
        config, checkpoint, processes, *options = command[1:]
        return 'tools/test.py', [config, checkpoint, '--launcher', 'pytorch', *options] if int(processes) else []
    return None


def load_tool(path: str) -> ModuleType:
    """Import a script of ``tools`` under a name of its own."""
    spec = importlib.util.spec_from_file_location(f'documented_{Path(path).stem}', ROOT / path)
    module = importlib.util.module_from_spec(spec)
    with patch.object(sys, 'path', [str((ROOT / path).parent), *sys.path]):
        spec.loader.exec_module(module)
    return module


class _Parsed(BaseException):
    pass


def parse(tool: ModuleType, arguments: list[str]) -> argparse.Namespace:
    """Return what the tool's own parser makes of the arguments; nothing else of the tool runs."""
    def stop_after(method):
        def parse_and_stop(self, args=None, namespace=None):
            raise _Parsed(method(self, args, namespace))
        return parse_and_stop

    parser = argparse.ArgumentParser
    with patch.multiple(parser, parse_args=stop_after(parser.parse_args),
                        parse_intermixed_args=stop_after(parser.parse_intermixed_args)):
        try:
            tool.main(arguments)
        except _Parsed as parsed:
            return parsed.args[0]
    raise AssertionError(f'{tool.__name__} has no parser')


def make_checkout(folder: Path) -> Path:
    """Write configs that take seconds, a FER2013 of noise, and folders of three classes."""
    for source in sorted((ROOT / 'configs').rglob('*.*')):
        if source.suffix in ('.py', '.yml'):
            text = source.read_text()
            for pattern, smaller in SMALLER.items():
                text = re.sub(pattern, smaller, text)
            target = folder / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    write_fer2013(folder / 'data' / 'fer2013', make_faces(63))
    rng = np.random.default_rng(0)
    for split, count in (('train', 3), ('val', 1), ('test', 2)):
        for name in ('bored', 'curious', 'tired'):
            for number in range(count):
                image = rng.integers(0, 256, (40, 32 + number, 3), np.uint8)  # no two need have one size
                write_image(folder / 'data' / 'my_faces' / split / name / f'{number:04}.jpg', image)
    write_image(folder / 'party.jpg', astronaut()[..., ::-1])
    for name in ('photos/a.jpg', 'photos/b.png', 'resources/synthetic_faces.png'):
        write_image(folder / name, np.full((60, 60, 3), 99, np.uint8))
    write_film(folder / 'talk.mp4')
    return folder
