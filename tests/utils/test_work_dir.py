import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from emonext_mm.utils.work_dir import (
    best_checkpoint,
    find_checkpoint,
    is_whole,
    last_checkpoint,
    lock_work_dir,
    resumable_checkpoint,
    set_aside,
)


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


def write_checkpoint(path, age=0):
    torch.save(dict(x=torch.arange(1000)), path)
    os.utime(path, (age, age))


def test_cut_checkpoints_are_passed_over(tmp_path):
    """Of the last ones the newest that is whole, of the best ones too; with none, the error names them."""
    for epoch in (2, 9, 10):
        write_checkpoint(tmp_path / f'epoch_{epoch}.pth')
    write_checkpoint(tmp_path / 'best_3.pth', age=3)
    write_checkpoint(tmp_path / 'best_4.pth', age=4)
    (tmp_path / 'last_checkpoint').write_text('/elsewhere/epoch_10.pth')
    assert resumable_checkpoint(tmp_path) == tmp_path / 'epoch_10.pth'
    assert best_checkpoint(tmp_path).name == 'best_4.pth'
    for name in ('epoch_10.pth', 'best_4.pth'):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[:len(whole) // 2])
    os.utime(tmp_path / 'best_4.pth', (4, 4))
    assert resumable_checkpoint(tmp_path) == tmp_path / 'epoch_9.pth'
    assert best_checkpoint(tmp_path).name == 'best_3.pth'
    (tmp_path / 'last_checkpoint').write_text('')
    assert resumable_checkpoint(tmp_path) == tmp_path / 'epoch_9.pth'
    for epoch in (2, 9):
        (tmp_path / f'epoch_{epoch}.pth').write_bytes(b'')
    with pytest.raises(ValueError, match=r'epoch_10\.pth, epoch_9\.pth, epoch_2\.pth'):
        resumable_checkpoint(tmp_path)


def test_one_changed_byte(tmp_path):
    write_checkpoint(tmp_path / 'epoch_1.pth')
    assert is_whole(tmp_path / 'epoch_1.pth')
    content = bytearray((tmp_path / 'epoch_1.pth').read_bytes())
    content[content.index(torch.arange(1000).numpy().tobytes()[:80]) + 20] ^= 1
    (tmp_path / 'epoch_1.pth').write_bytes(content)
    assert not is_whole(tmp_path / 'epoch_1.pth')


def test_nothing_to_resume(tmp_path):
    assert resumable_checkpoint(tmp_path) is None


def test_checkpoints_of_an_earlier_training(tmp_path):
    """Each new training moves them into a folder of its own; other files stay, and nobody looks into the folder."""
    (tmp_path / 'earlier_1').mkdir()  # of whoever
    names = ['best_acc_epoch_2.pth', 'epoch_1.pth', 'epoch_2.pth', 'epoch_2_iter_9.pth', 'iter_7.pth', 'model_3.pth']
    for number in (2, 3):
        for name in (*names, 'mine.pth'):
            write_checkpoint(tmp_path / name)
        (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'model_3.pth'))
        folder = set_aside(tmp_path, tmp_path / 'mine.pth')
        assert folder == tmp_path / f'earlier_{number}'
        assert sorted(file.name for file in folder.iterdir()) == sorted([*names, 'last_checkpoint'])
        assert last_checkpoint(folder) == folder / 'model_3.pth'
        assert best_checkpoint(tmp_path) is last_checkpoint(tmp_path) is resumable_checkpoint(tmp_path) is None
    assert set_aside(tmp_path) is None
    assert {file.name for file in tmp_path.iterdir()} == {'earlier_1', 'earlier_2', 'earlier_3', 'mine.pth'}


def test_a_training_does_not_move_what_it_starts_from(tmp_path):
    write_checkpoint(tmp_path / 'epoch_1.pth')
    with pytest.raises(ValueError, match=rf'epoch_1\.pth.* {tmp_path}'):
        set_aside(tmp_path, os.path.relpath(tmp_path / 'epoch_1.pth'))
    assert [file.name for file in tmp_path.iterdir()] == ['epoch_1.pth']
