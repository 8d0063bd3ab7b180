"""With scripts in place of tools/train.py and tools/test.py, which do what they are told in WHAT."""
import fcntl
import json
import os
import signal
import threading
import time

import pytest

from emonext_mm.experiments import runner as experiment_runner
from emonext_mm.experiments.lists import read_list
from emonext_mm.experiments.runner import ExperimentRunner, find_devices, is_finished

TOOL = """
import json, os, sys, time
from pathlib import Path
args = sys.argv[1:]
folder = Path(args[args.index('--work-dir') + 1])
with open(os.environ['CALLS'], 'a') as calls:
    device = os.environ.get('CUDA_VISIBLE_DEVICES')
    calls.write(json.dumps([Path(sys.argv[0]).name, time.time(), device, *args]) + '\\n')
print('Epoch(val) [3][8/8]    accuracy/top1: 41.5000  accuracy/ci95_low: 40.0000', flush=True)
what = os.environ.get('WHAT', '')
if what == 'wait':
    Path(os.environ['CALLS']).with_name('waiting').touch()
    time.sleep(60)
if what == 'fail' and 'b/seed_0' in str(folder):
    print('error: it is wrong')
    print('and this came after')
    sys.exit(3)
time.sleep(0.2)
if '--out' in args and what != 'no file':
    Path(args[args.index('--out') + 1]).write_text('{}')
"""


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """Two devices, or those it is given."""
    monkeypatch.setenv('CALLS', str(tmp_path / 'calls'))
    monkeypatch.setenv('WHAT', '')
    (tmp_path / 'tools').mkdir()
    for name in ('train.py', 'test.py'):
        (tmp_path / 'tools' / name).write_text(TOOL)
    return lambda devices=(None,): ExperimentRunner(tmp_path / 'tools', devices)


@pytest.fixture
def runs(tmp_path):
    (tmp_path / 'it.py').write_text('train_cfg = dict(max_epochs=5)')
    (tmp_path / 'list.yml').write_text('runs: {a: {config: it.py}, b: {config: it.py, options: [x=1]}}')
    return read_list(tmp_path / 'list.yml', [0, 1], tmp_path / 'out')


@pytest.fixture
def calls(tmp_path):
    """What the tools were called with so far: name, time, device, arguments."""
    return lambda: [json.loads(line) for line in (tmp_path / 'calls').read_text().splitlines()]


def test_trains_and_tests(runner, runs, calls, tmp_path, capsys):
    assert not is_finished(runs[2])
    assert runner().run(runs[2:3]) == [None]
    assert is_finished(runs[2])
    folder, config = str(tmp_path / 'out' / 'b' / 'seed_0'), str(tmp_path / 'it.py')
    options = ['--cfg-options', 'x=1', 'randomness.seed=0']
    assert [call[:1] + call[3:] for call in calls()] == [
        ['train.py', config, '--work-dir', folder, '--resume', *options],
        ['test.py', config, folder, '--work-dir', f'{folder}/single', '--out', f'{folder}/single.json', *options],
        ['test.py', config, folder, '--work-dir', f'{folder}/ten_crop', '--out', f'{folder}/ten_crop.json', '--tta',
         *options]]
    assert json.loads((runs[2].folder / 'trained.json').read_text())['process_gb'] > 0.005  # of a bare Python
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == [f'b, seed 0: train, see {folder}/train.log', 'b, seed 0: epoch 3 of 5, accuracy/top1: 41.5000']
    assert said[-1] == 'b, seed 0: finished'


def test_goes_on_where_it_was(runner, runs, calls, capsys):
    """What is there of a run is not made again."""
    runner().run(runs[:1])
    (runs[0].folder / 'ten_crop.json').unlink()
    runner().run(runs[:2])
    assert [call[0] for call in calls()[3:]] == ['test.py', 'train.py', 'test.py', 'test.py']
    assert 'ten_crop.json' in ' '.join(calls()[3][3:])
    capsys.readouterr()
    runner().run(runs[:1])
    assert capsys.readouterr().out == 'a, seed 0: finished before\n'
    assert len(calls()) == 7


def test_one_on_each_device(runner, runs, calls):
    runner(['4', 'GPU-5']).run(runs)
    begun = {device: [call[1] for call in calls() if call[2] == device] for device in ('4', 'GPU-5')}
    assert {device: len(times) for device, times in begun.items()} == {'4': 6, 'GPU-5': 6}
    assert begun['GPU-5'][0] < begun['4'][1], 'one after the other'


def test_failure_leaves_the_others_alone(runner, runs, monkeypatch, capsys):
    monkeypatch.setenv('WHAT', 'fail')
    *others, error, last = runner().run(runs)
    assert [*others, last] == [None] * 3
    assert error == (f'b, seed 0: train.py ended with status 3: error: it is wrong ({runs[2].folder}/train.log)')
    assert [is_finished(run) for run in runs] == [True, True, False, True]
    assert f'b, seed 0: failed: {error.partition(": ")[2]}\n' in capsys.readouterr().out


def test_other_settings_are_not_mixed_in(runner, runs, calls, tmp_path):
    runner().run(runs[:1])
    other = read_list(tmp_path / 'list.yml', [0], tmp_path / 'out', ['train_cfg.max_epochs=6'])[0]
    (other.folder / 'trained.json').unlink()
    assert runner().run([other]) == [
        f"a, seed 0: {other.folder} was begun with other settings: 'train_cfg = dict(max_epochs=5)', now "
        "'train_cfg = dict(max_epochs=6)'"]
    assert len(calls()) == 3


def test_finished_with_other_settings(runner, runs, tmp_path):
    """It is not passed off as a result of these."""
    runner().run(runs[:1])
    other = read_list(tmp_path / 'list.yml', [0], tmp_path / 'out', ['train_cfg.max_epochs=6'])[0]
    assert 'was begun with other settings' in runner().run([other])[0]


def test_folder_that_is_in_use(runner, runs, tmp_path):
    runs[0].folder.mkdir(parents=True)
    with open(runs[0].folder / '.lock', 'w') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert runner().run(runs[:1]) == [f'a, seed 0: another process works in {runs[0].folder}']
    assert runner().run(runs[:1]) == [None]


def wait_for(path):
    for _ in range(200):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f'{path} did not come')


def test_training_outlives_its_parent(runner, runs, monkeypatch, tmp_path):
    """And keeps the folder, so that the next one does not train in it as well."""
    monkeypatch.setenv('WHAT', 'wait')
    parent = os.fork()
    if not parent:
        runner().run(runs[:1])
        os._exit(0)
    wait_for(tmp_path / 'waiting')
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    try:
        assert 'another process works in' in runner().run(runs[:1])[0]
    finally:
        os.system(f'pkill -f {tmp_path}/tools/train.py')


def test_interrupted(runner, runs, monkeypatch, tmp_path, calls, capsys):
    """What is running is stopped, and what is waiting does not begin."""
    monkeypatch.setenv('WHAT', 'wait')
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run where it is ignored

    def interrupt():
        wait_for(tmp_path / 'waiting')
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        runner().run(runs)
    thread.join()
    signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begin < 30
    assert len(calls()) == 1
    assert 'failed' not in capsys.readouterr().out


@pytest.mark.parametrize(('visible', 'count', 'devices'), [
    (None, 0, [None]), ('', 0, [None]), (None, 2, ['0', '1']), ('3,5', 2, ['3', '5']), ('GPU-1', 1, ['GPU-1'])])
def test_devices(monkeypatch, visible, count, devices):
    monkeypatch.setattr(experiment_runner.torch.cuda, 'device_count', lambda: count)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if visible is not None:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)
    assert find_devices() == devices
