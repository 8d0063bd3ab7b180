"""With tests/helpers/fake_tool.py in place of tools/train.py and tools/test.py."""
import json
import os
import signal
import threading
from pathlib import Path

import pytest

from emonext_mm.experiments import runner as experiment_runner
from emonext_mm.experiments.lists import read_list
from emonext_mm.experiments.runner import ExperimentRunner, find_devices, is_finished
from tests.helpers.fake_tool import install, wait_for


@pytest.fixture
def tools(tmp_path, monkeypatch):
    monkeypatch.delenv('FAKE_TOOL', raising=False)
    return install(tmp_path / 'tools')


@pytest.fixture
def runner(tools):
    """A runner on the given devices."""
    return lambda devices=(None, ): ExperimentRunner(tools, devices)


@pytest.fixture
def experiments(tmp_path):
    (tmp_path / 'it.py').write_text('train_cfg = dict(max_epochs=5)')
    (tmp_path / 'list.yml').write_text('runs: {a: {config: it.py}, b: {config: it.py, options: [x=1]}}')
    return read_list(tmp_path / 'list.yml', [0, 1], tmp_path / 'out')


@pytest.fixture
def calls(tools):
    """The calls of the tools so far: tool, device, arguments."""
    return lambda: [json.loads(line) for line in (tools / 'calls').read_text().splitlines()]


def test_trains_and_tests(runner, experiments, calls, tmp_path, capsys):
    assert not is_finished(experiments[2])
    assert runner().run(experiments[2:3]) == [None]
    assert is_finished(experiments[2])
    folder, config = str(tmp_path / 'out' / 'b' / 'seed_0'), str(tmp_path / 'it.py')
    options = ['--cfg-options', 'x=1', 'randomness.seed=0']
    assert [[call['tool'], *call['args']] for call in calls()] == [
        ['train.py', config, '--work-dir', folder, '--resume', *options],
        ['test.py', config, folder, '--work-dir', f'{folder}/single', '--out', f'{folder}/single.json', *options],
        ['test.py', config, folder, '--work-dir', f'{folder}/ten_crop', '--out', f'{folder}/ten_crop.json', '--tta',
         *options]]
    printed = capsys.readouterr().out
    for part in (f'{folder}/train.log', 'b, seed 0: epoch 3 of 5, accuracy/top1: 41.5000\n', 'b, seed 0: finished\n'):
        assert part in printed


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='only Linux tells the memory of a process')
def test_peak_memory(runner, experiments, tools, monkeypatch):
    """Of a bare Python, in GB."""
    measure = experiment_runner._peak_memory

    def measure_running(pid):
        runs = (tools / 'waiting').exists()
        memory = measure(pid)
        if runs:
            (tools / 'go').touch()
        return memory

    monkeypatch.setenv('FAKE_TOOL', 'wait')
    monkeypatch.setattr(experiment_runner, '_peak_memory', measure_running)
    runner().run(experiments[:1])
    assert 0.001 < json.loads((experiments[0].folder / 'trained.json').read_text())['process_gb'] < 0.1


def test_unknown_memory(runner, experiments, monkeypatch):
    monkeypatch.setattr(experiment_runner, '_peak_memory', lambda pid: None)
    runner().run(experiments[:1])
    assert json.loads((experiments[0].folder / 'trained.json').read_text()) == dict(process_gb=None)


def test_resumes(runner, experiments, calls, capsys):
    """Finished parts of an experiment are not repeated."""
    runner().run(experiments[:1])
    (experiments[0].folder / 'ten_crop.json').unlink()
    runner().run(experiments[:2])
    assert [call['tool'] for call in calls()[3:]] == ['test.py', 'train.py', 'test.py', 'test.py']
    assert '--tta' in calls()[3]['args']
    capsys.readouterr()
    runner().run(experiments[:1])
    assert capsys.readouterr().out == 'a, seed 0: already finished\n'
    assert len(calls()) == 7


def test_trained_anew(runner, experiments, calls):
    """No result of a test of an earlier training stays."""
    runner().run(experiments[:1])
    folder = experiments[0].folder
    (folder / 'trained.json').unlink()
    (folder / 'single.json').write_text('of the earlier training')
    runner().run(experiments[:1])
    assert [call['tool'] for call in calls()[3:]] == ['train.py', 'test.py', 'test.py']
    assert json.loads((folder / 'single.json').read_text())['classes'] == ['happy', 'sad']


def test_finished_with_other_settings(runner, experiments, tmp_path):
    runner().run(experiments[:1])
    again, other = (read_list(tmp_path / 'list.yml', [0], tmp_path / 'out', options)[0]
                    for options in ((), ['train_cfg.max_epochs=6']))
    assert is_finished(again)
    assert not is_finished(other)


def test_one_on_each_device(runner, experiments, calls, monkeypatch):
    """Each training waits for one on the other device."""
    monkeypatch.setenv('FAKE_TOOL', 'meet')
    assert runner(['4', 'GPU-5']).run(experiments) == [None] * 4
    assert {call['device'] for call in calls()} == {'4', 'GPU-5'}
    assert len(calls()) == 12


def test_failure_leaves_the_others_alone(runner, experiments, monkeypatch, capsys):
    monkeypatch.setenv('FAKE_TOOL', 'fail')
    *others, error, last = runner().run(experiments)
    assert [*others, last] == [None] * 3
    for part in ('b, seed 0', 'train.py', 'status 3', 'error: it is wrong', f'{experiments[2].folder}/train.log'):
        assert part in error
    assert 'came after' not in error
    assert [is_finished(each) for each in experiments] == [True, True, False, True]
    assert error.partition(': ')[2] in capsys.readouterr().out


@pytest.mark.parametrize('finished', [True, False])
def test_other_settings_in_the_same_folder(runner, experiments, calls, tmp_path, finished):
    """They are neither mixed with the results of the first ones nor taken for them."""
    runner().run(experiments[:1])
    other = read_list(tmp_path / 'list.yml', [0], tmp_path / 'out', ['train_cfg.max_epochs=6'])[0]
    if not finished:
        (other.folder / 'trained.json').unlink()
    error, = runner().run([other])
    for part in ('a, seed 0', str(other.folder), 'max_epochs=5', 'max_epochs=6'):
        assert part in error
    assert len(calls()) == 3


@pytest.mark.parametrize('interrupt', [signal.SIGINT, signal.SIGTERM])
def test_interrupted(runner, experiments, monkeypatch, tools, calls, capsys, interrupt):
    """The running tool is terminated, also where SIGINT is ignored, and no other is started."""
    monkeypatch.setenv('FAKE_TOOL', 'wait')
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def send():
        wait_for(tools / 'waiting')
        os.kill(os.getpid(), interrupt)

    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(interrupt, signal.default_int_handler)
        thread = threading.Thread(target=send)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            runner().run(experiments)
        thread.join()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert len(calls()) == 1
    assert not (tools / 'went').exists()
    assert 'failed' not in capsys.readouterr().out


@pytest.mark.parametrize(('visible', 'count', 'devices'), [
    (None, 0, [None]), ('', 0, [None]), (None, 2, ['0', '1']), ('3,5', 2, ['3', '5']), ('GPU-1', 1, ['GPU-1'])])
def test_devices(monkeypatch, visible, count, devices):
    monkeypatch.setattr(experiment_runner.torch.cuda, 'device_count', lambda: count)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if visible is not None:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)
    assert find_devices() == devices
