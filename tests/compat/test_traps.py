"""Every trap is met on the plain host and after ``setup()``, each in a fresh process.

A skipped test: the installed versions do not have the fault. Once no supported version has it, delete the function that
mends it.
"""
import ast
import importlib
import inspect
import json
import re

import pytest

from emonext_mm import compat
from emonext_mm.compat.process import HARMLESS_LOGS, HARMLESS_WARNINGS
from tests.helpers.marks import ON_CPU
from tests.helpers.processes import run_together
from tests.helpers.traps import TRAPS, WARNINGS

pytestmark = ON_CPU


@pytest.fixture(scope='module')
def met(tmp_path_factory):
    """For ``plain`` and ``setup``: which faults show, and everything that was printed."""
    outputs = run_together([
        (('-W', 'default', '-m', 'tests.helpers.meet_traps', mode, tmp_path_factory.mktemp(mode)), {})
        for mode in ('plain', 'setup')
    ])
    return {mode: (json.loads(re.search(r'^{.*}$', output, re.M)[0]), output)
            for mode, output in zip(('plain', 'setup'), outputs)}


@pytest.mark.parametrize('name', TRAPS)
def test_trap(met, name):
    assert not met['setup'][0][name]
    if not met['plain'][0][name]:
        pytest.skip(f'these versions do not need {TRAPS[name][0]}')


@pytest.mark.parametrize('name', WARNINGS)
def test_known_warning_is_silent(met, name):
    function, text = WARNINGS[name]
    shown = {mode: re.sub(r'elsewhere\.py:1: .*', '', output) for mode, (_, output) in met.items()}
    assert text not in shown['setup']
    if text not in shown['plain']:
        pytest.skip(f'these versions do not show the warning that {function} silences')


@pytest.mark.parametrize('text', [
    'elsewhere.py:1: UserWarning: an unrelated warning of MMCV',
    "elsewhere.py:1: UserWarning: Only use 'alpha' for pillow backend.",
    'mmengine - WARNING - an unrelated line of the log',
])
def test_other_warnings_still_show(met, text):
    assert text in met['setup'][1]


def test_every_filter_is_tested():
    messages = [message for *_, message in HARMLESS_WARNINGS] + HARMLESS_LOGS.pattern.split('|')
    for message in messages:
        assert any(re.search(message, text) for _, text in WARNINGS.values()), message


MENDING = {function for function, _ in (*TRAPS.values(), *WARNINGS.values())}


@pytest.mark.parametrize('path', sorted(MENDING))
def test_the_function_that_mends_exists(path):
    module, _, name = path.rpartition('.')
    assert callable(getattr(importlib.import_module(module), name))


def test_setup_applies_every_function_that_changes_the_process_and_no_other():
    applied = {f'{node.module}.{each.name}' for node in ast.walk(ast.parse(inspect.getsource(compat.setup)))
               if isinstance(node, ast.ImportFrom) for each in node.names}
    on_import = {'emonext_mm.compat.checkpoints.allow_checkpoint_types'}
    assert applied == {path for path in MENDING if '.config.' not in path} - on_import
