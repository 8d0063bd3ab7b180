import ast
import os
import runpy
import sys

import pytest

from emonext_mm.compat import versions
from tests.helpers.processes import ROOT, run_python

TOOLS = [path for path in sorted((ROOT / 'tools').glob('*.py')) if path.name != '_preflight.py']


def preflight():
    runpy.run_path(str(ROOT / 'tools' / '_preflight.py'))


@pytest.mark.parametrize(('given', 'expected'), [
    ({}, '30000'), ({'GOMP_SPINCOUNT': '7'}, '7'), ({'OMP_WAIT_POLICY': 'passive'}, None),
])
def test_threads_spin_briefly_unless_told(monkeypatch, given, expected):
    for name in ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY'):
        monkeypatch.setenv(name, '')  # so that it is restored
        monkeypatch.delenv(name)
        if name in given:
            monkeypatch.setenv(name, given[name])
    preflight()
    assert os.environ.get('GOMP_SPINCOUNT') == expected


@pytest.mark.parametrize('tool', TOOLS, ids=lambda path: path.name)
def test_every_tool_imports_it_before_any_package(tool):
    """Otherwise PyTorch, and with it OpenMP, is loaded before the variable is set."""
    modules = [getattr(node, 'module', None) or node.names[0].name
               for node in ast.parse(tool.read_text()).body if isinstance(node, (ast.Import, ast.ImportFrom))]
    packages = {module.partition('.')[0] for module in modules[:modules.index('_preflight')]}
    assert packages <= sys.stdlib_module_names


def test_a_tool_starts_with_short_spins_and_without_warnings():
    """GNU OpenMP prints its settings when PyTorch on Linux loads it."""
    output = run_python('tools/compare.py', '--help', GOMP_SPINCOUNT=None, OMP_WAIT_POLICY=None,
                        OMP_DISPLAY_ENV='verbose')
    assert 'usage: compare.py' in output
    assert 'Warning' not in output
    if sys.platform == 'linux':
        assert "GOMP_SPINCOUNT = '30000'" in output


def test_an_unsupported_host_is_one_line(monkeypatch):
    monkeypatch.setattr(versions, 'REQUIRED', [versions.Requirement('torch', ('torch', ), '99', '', 'pip install it')])
    for name in [name for name in sys.modules if name == 'emonext_mm']:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SystemExit) as end:
        preflight()
    assert end.value.code.startswith('error: ')
    assert 'torch>=99' in end.value.code
    assert '\n' not in end.value.code
