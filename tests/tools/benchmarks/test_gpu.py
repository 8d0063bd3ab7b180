"""tools/benchmarks/gpu.sh with a stand-in for Python: the tools accept its commands, and a failure ends no other part.

The real thing runs with ``DRY=1`` in four minutes.
"""
import subprocess
from pathlib import Path

import pytest

from tests.helpers.documentation import ROOT, load_tool, parse

FAKE = '''#!/usr/bin/env bash
[[ $1 == tools/* ]] && echo "$@" >> {folder}/calls
case $1 in
  -) case $3 in *"${{NO_TIME:-nothing}}"*) exit 1 ;; *convnext*) echo 9 ;; *) echo 5 ;; esac ;;
  -c) echo no GPU ;;
  tools/train.py) echo 'Epoch(val) [3][1/1]    accuracy/top1: 91.25  other: 1'; [[ "$*" != *max_epochs=8* ]] ;;
  tools/benchmarks/data_path.py) exit ${{DATA_PATH:-3}} ;;
  tools/test.py) printf 'x\\nTested 8 images\\naccuracy 50 %%\\ncheckpoint c\\ny\\n' ;;
esac
'''
CONFIGS = 'emonext_tiny_fer2013_64', 'convnext_tiny_fer2013_64'


@pytest.fixture
def ran(tmp_path):
    """Function: run with an environment, and return the commands and the summary."""
    (tmp_path / 'python').write_text(FAKE.format(folder=tmp_path))
    (tmp_path / 'python').chmod(0o755)

    def run(*arguments, **environment):
        environment = {'PATH': '/usr/bin:/bin', 'PYTHON': str(tmp_path / 'python'), **environment}
        ended = subprocess.run([ROOT / 'tools' / 'benchmarks' / 'gpu.sh', tmp_path / 'out', *arguments],
                               capture_output=True, env=environment)
        assert ended.returncode == (0 if environment.get('DATA_PATH') == '0' else 1)  # a part has failed
        calls = tmp_path / 'calls'
        commands = [line.split() for line in calls.read_text().splitlines()] if calls.exists() else []
        return commands, (tmp_path / 'out' / 'summary.txt').read_text()

    return run


@pytest.mark.parametrize('environment', [{}, {'DRY': '1'}])
def test_commands(ran, environment, tmp_path):
    """Each is parsed by its tool; a training that fails is tested.

    Epochs of 5 and 9 s, and 90 s around each training: 8 epochs of both are the most in 300 s.
    """
    commands, summary = ran('300', str(tmp_path), **environment)
    assert [Path(command[0]).name for command in commands] == [
        'train.py', 'train_step.py', 'data_path.py', 'train.py', 'train.py', *['train.py', 'test.py', 'test.py'] * 2]
    for path, *arguments in commands:
        if 'benchmarks' in path:
            assert arguments[arguments.index('--reference') + 1] == str(tmp_path)
        else:
            parse(load_tool(path), arguments)
    assert [command[1] for command in commands[3:]] == [
        f'configs/{name}.py' for name in (*CONFIGS, *(name for name in CONFIGS for _ in range(3)))]
    assert all(f'train_cfg.max_epochs={1 if environment else 8}' in commands[i] for i in (5, 8))
    assert summary.count('accuracy/top1: 91.25') == 1  # of the training in half precision
    assert 'data_path: exit status 3' in summary
    assert summary.count('Tested 8 images\naccuracy 50 %\ncheckpoint c\n') == 4


def test_a_probe_without_a_time(ran):
    """The other training has all the time: 300 s less 90 s, for epochs of 9 s."""
    commands, summary = ran('300', NO_TIME='emonext_tiny')
    assert f'{CONFIGS[0]}: the probe gives no time' in summary
    assert [command[1] for command in commands[5:]] == [f'configs/{CONFIGS[1]}.py'] * 3
    assert 'train_cfg.max_epochs=23' in commands[5]


def test_exit_status(ran):
    """0 if all of the eleven parts are."""
    _, summary = ran('300', DRY='1', DATA_PATH='0')
    assert summary.count('exit status 0') == 11


def test_out_of_time(ran):
    """Nothing is begun, and all is named."""
    commands, summary = ran('0')
    assert commands == []
    for name in ('half_precision', 'train_step', 'data_path', *(f'{name}.probe' for name in CONFIGS)):
        assert f'{name}: no time left' in summary
