import numpy as np
import pytest

from emonext_mm.utils.training_log import TrainingLog, read_log
from tests.helpers.training_logs import training, validation, write_run


def steps(log):
    return [entry['step'] for entry in log.training], [entry['step'] for entry in log.validation]


def test_one_run(tmp_path):
    entries = [training(5), training(10), validation(1), training(15, 2), training(20, 2), validation(2)]
    write_run(tmp_path, '20260101_000000', entries)
    log = read_log(tmp_path)
    assert log.training == [entry for entry in entries if 'loss' in entry]
    assert log.validation == [validation(1), validation(2)]


def test_resumed_run_is_one(tmp_path):
    """A run killed in the third epoch and resumed from the end of the first one: the later entries count."""
    write_run(tmp_path, '20260101_000000', [
        training(5), training(10), validation(1), training(15, 2), training(20, 2), validation(2), training(25, 3)])
    write_run(tmp_path, '20260102_000000', [
        training(15, 2, lr=2.0), training(20, 2, lr=2.0), validation(2, 60.0)])
    log = read_log(tmp_path)
    assert steps(log) == ([5, 10, 15, 20], [1, 2])
    assert [entry.get('lr') for entry in log.training] == [None, None, 2.0, 2.0]
    assert log.validation[1] == validation(2, 60.0)


def test_run_just_resumed(tmp_path):
    """The validations after the resumed epoch are obsolete, although the new run has none yet."""
    write_run(tmp_path, '20260101_000000', [
        training(5), validation(1), training(15, 2), validation(2), training(25, 3), validation(3)])
    write_run(tmp_path, '20260102_000000', [training(15, 2)])
    assert steps(read_log(tmp_path)) == ([5, 15], [1])


def test_restarted_run(tmp_path):
    write_run(tmp_path, '20260101_000000', [training(5), validation(1), training(15, 2)])
    write_run(tmp_path, '20260102_000000', [training(5)])
    assert steps(read_log(tmp_path)) == ([5], [])


def test_iterations_without_epochs(tmp_path):
    write_run(tmp_path, '20260101_000000', [
        dict(loss=1, step=5), validation(10), dict(loss=1, step=15), validation(20), dict(loss=1, step=25)])
    write_run(tmp_path, '20260102_000000', [dict(loss=1, step=15)])
    log = read_log(tmp_path)
    assert steps(log) == ([5, 15], [10])
    assert log.training_epochs().tolist() == [5, 15]


def test_truncated_last_line_of_a_killed_run(tmp_path):
    write_run(tmp_path, '20260101_000000', [training(5), training(10)], end='{"loss": 1.0, "st')
    write_run(tmp_path, '20260102_000000', [training(15, 2)])
    assert steps(read_log(tmp_path)) == ([5, 10, 15], [])


def test_damaged_line(tmp_path):
    path = write_run(tmp_path, '20260101_000000', [training(5)], end='{"loss": nothing}\n{}\n')
    with pytest.raises(ValueError, match=f'{path}, line 2 .*nothing'):
        read_log(tmp_path)


def test_no_log(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_log(tmp_path)
    write_run(tmp_path, '20260101_000000', [], end='{"lo')
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_log(tmp_path)


@pytest.mark.parametrize(('length', 'interval'), [(10, 2), (10, 3), (125, 50), (7, 10)])
def test_epochs_of_steps(length, interval):
    """MMEngine logs at every interval of an epoch, or at its end if the epoch is shorter."""
    inner = [*range(interval, length + 1, interval)] or [length]
    entries = [training(length * (epoch - 1) + step, epoch) for epoch in (1, 2, 3) for step in inner]
    expected = [epoch + step / length for epoch in range(3) for step in inner]
    np.testing.assert_allclose(TrainingLog(entries, []).training_epochs(), expected)
    np.testing.assert_allclose(TrainingLog(entries[len(inner):], []).training_epochs(), expected[len(inner):])


def test_epochs_that_become_shorter():
    """A run resumed with batches twice as large: 10, then 5 iterations an epoch."""
    entries = [training(5, 1), training(10, 1), training(15, 2), training(20, 2), training(25, 3), training(30, 4)]
    expected = [0.5, 1, 1.5, 2, 3, 4]
    np.testing.assert_allclose(TrainingLog(entries, []).training_epochs(), expected)


def test_single_epoch():
    np.testing.assert_allclose(TrainingLog([training(5), training(10)], []).training_epochs(), [0.5, 1])
