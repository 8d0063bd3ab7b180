import os
import subprocess
import sys
from pathlib import Path

import pytest

from emonext_mm.utils.work_dir import best_checkpoint, find_checkpoint, last_checkpoint, lock_work_dir


def test_a_file_is_itself():
    assert find_checkpoint('some.pth') == Path('some.pth')


def test_empty_work_dir(tmp_path):
    assert best_checkpoint(tmp_path) is last_checkpoint(tmp_path) is None
    with pytest.raises(FileNotFoundError, match=f'{tmp_path} holds no checkpoint'):
        find_checkpoint(tmp_path)


def test_the_newest_best_comes_before_the_last(tmp_path):
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_3.pth'))
    assert find_checkpoint(tmp_path) == last_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'
    for age, name in enumerate(('best_9.pth', 'best_10.pth')):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (age, age))
    assert find_checkpoint(tmp_path) == best_checkpoint(tmp_path) == tmp_path / 'best_10.pth'


def test_moved_work_dir(tmp_path):
    """The host notes an absolute path, which is that of the old folder."""
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/run/epoch_3.pth\n')
    assert last_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'


HOLD = """
import sys
from emonext_mm.utils.work_dir import lock_work_dir
with lock_work_dir(sys.argv[1]):
    print('held', flush=True)
    sys.stdin.read()
"""


def test_lock_is_held_against_other_processes_until_they_end(tmp_path):
    work_dir = tmp_path / 'run'
    with subprocess.Popen([sys.executable, '-c', HOLD, work_dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as other:
        assert 'held\n' in iter(other.stdout.readline, '')  # onedl-mmpretrain prints a line of its own
        with pytest.raises(ValueError, match=str(work_dir)), lock_work_dir(work_dir):
            pass
        other.kill()
    with lock_work_dir(work_dir):
        pass
