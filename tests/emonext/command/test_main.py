import os
import signal
import subprocess
import sys
import time

import pytest

from emonext.command.main import main, run_safely
from emonext.errors import OutputError
from tests.emonext.films import write_film


@pytest.mark.parametrize('options', [[], ['predict'], ['predict', 'a', '--side', '0'],
                                     ['predict', 'a', '--every', 'x']])
def test_usage(options, capsys):
    with pytest.raises(SystemExit) as end:
        main(options)
    assert end.value.code == 2
    assert '_positive' not in capsys.readouterr().err


def test_signals_and_warnings_are_as_before(capsys, tmp_path):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert main(['predict', str(tmp_path / 'none.png')]) == 1
    assert before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    assert 'none.png' in capsys.readouterr().err


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_film_is_complete_up_to_there(tmp_path, number):
    """Video, sound, timeline and lines."""
    film = write_film(tmp_path / 'a.mp4', 60, values=range(100, 200), size=(320, 240))
    command = subprocess.Popen(
        [sys.executable, '-m', 'emonext', 'predict', film, '--video', tmp_path / 'out.mp4', '--json',
         tmp_path / 'o.json', '--timeline', tmp_path / 't.png', '--threads', '1'], text=True,
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    lines = tmp_path / 'o.json'
    while command.poll() is None and not (lines.exists() and lines.read_text().count('\n') > 5):
        time.sleep(0.02)
    command.send_signal(number)
    out, err = command.communicate(timeout=60)
    assert (command.returncode, err.splitlines()[-1]) == (130, 'interrupted')
    assert out.startswith(f'{film}: ')
    count = len(lines.read_text().splitlines())
    import av
    with av.open(str(tmp_path / 'out.mp4')) as file:
        frames = sum(1 for _ in file.decode(video=0))
    assert 0 < frames < 600
    assert abs(frames - count) <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.mp4', 'o.json', 'out.mp4', 't.png']


def test_a_closed_pipe(tmp_path, capfd):
    film = write_film(tmp_path / 'a.mp4', 3)
    command = f'"{sys.executable}" -m emonext predict "{film}" --faces none --json - | head -1'
    done = subprocess.run(['bash', '-c', command], capture_output=True, text=True, timeout=60,
                          env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    assert done.stdout.startswith('{"source": ')
    assert done.stderr == ''


def shell(command):
    """Run a command line of bash, with ``emonext`` in it."""
    whole = f'emonext() {{ "{sys.executable}" -m emonext "$@"; }}; {command}'
    return subprocess.run(['bash', '-c', whole], capture_output=True, text=True, timeout=60,
                          env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})


@pytest.mark.parametrize('command', ['info', 'predict a.png --faces none', 'predict a.png --faces none --json -'])
@pytest.mark.parametrize(('where', 'status', 'count'), [
    ('>&-', 1, 1), ('2>&-', 0, 0), ('> /dev/full', 1, 1), ('| true; exit ${PIPESTATUS[0]}', 1, 0)])
def test_a_stdout_that_takes_nothing(picture, command, where, status, count):
    """One line, and exit status 1; none where the reader has gone; and stdout is not taken for stderr."""
    path = picture('a.png')
    done = shell(f'cd "{path.parent}"; {{ sleep 0.5; emonext {command}; }} {where}')
    assert (done.returncode, len(done.stderr.splitlines())) == (status, count)
    assert 'Traceback' not in done.stderr


def test_a_second_signal_does_not_stop_the_first():
    done = []

    def stop(args):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGTERM)
            done.append('files finished')

    assert run_safely(stop, None) == 130
    assert done


def test_an_error_of_output_is_told_beside_an_interruption(capsys):
    def stop(args):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise OutputError('o.json: full')

    assert run_safely(stop, None) == 130
    assert capsys.readouterr().err.splitlines() == ['error: o.json: full', 'interrupted']
