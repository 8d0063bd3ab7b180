"""Lists of experiments in YAML."""
from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import yaml
from hypothesis import strategies as st

from emonext_mm.experiments.lists import read_list
from tests.strangers.campaign import Kind
from tests.strangers.wild import CHANGES, EDITS, Change, Edit, change, damage

CONFIG = 'model = dict(head=dict(sa_weight=1.0))\n'
LIST = {'options': ['model.head.sa_weight=2'],
        'runs': {'plain': {'config': 'it.py', 'paper': 73.34},
                 'changed': {'config': 'it.py', 'options': ['model.head.sa_weight=3', 'model.view=None']}}}
LAUGHS = 'a0: &a0 [x, x, x, x, x]\n' + ''.join(
    f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 9)}]\n' for i in range(1, 12))
PARTS = [
    'runs:\n', '  a: {config: it.py}\n', '  a: {config: it.py, options: [x=1]}\n', '  b: &b {config: it.py}\n',
    '  c: *b\n', '  d: {<<: *b}\n', '  e: {config: &c it.py, paper: .inf}\n', '  1: {config: it.py}\n',
    '  f: {config: it.py, paper: 2020-13-45}\n', '  g:\n    config: >\n      it.py\n', 'options: [x=1]\n',
    'options: [launcher=none]\n', 'options: &o [*o]\n', LAUGHS, '---\n', '? [a]\n: b\n', '!!set {a}\n', '%YAML 9.9\n',
    '[' * 3000, '\t']


class Case(NamedTuple):
    changes: list[Change]
    parts: list[str] | None
    edits: list[Edit]


CASES = st.builds(Case, CHANGES, st.none() | st.lists(st.sampled_from(PARTS), max_size=5), EDITS | st.just([]))


def write(case: Case, folder: Path) -> None:
    (folder / 'it.py').write_text(CONFIG)
    if case.parts is None:
        changed = change(LIST, case.changes)
        try:
            text = yaml.safe_dump(changed)
        except (yaml.YAMLError, ValueError):
            text = json.dumps(changed)
    else:
        text = ''.join(case.parts)
    (folder / 'list.yml').write_bytes(damage(text.encode('utf-8', 'surrogatepass'), case.edits))


def read(case: Case, folder: Path) -> None:
    assert read_list(folder / 'list.yml', [0], folder / 'out')


KIND = Kind(CASES, write, read)
