import os
import signal
import subprocess
import sys
import time

import pytest

from emonext.command.main import main
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
    while not (tmp_path / 'o.json').exists() and command.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)
    command.send_signal(number)
    out, err = command.communicate(timeout=60)
    assert (command.returncode, err.splitlines()[-1]) == (130, 'interrupted')
    assert out.startswith(f'{film}: ')
    count = len((tmp_path / 'o.json').read_text().splitlines())
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
