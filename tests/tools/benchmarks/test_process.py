import os

import pytest


def count_calls(path):
    """Build a function that writes its process and the number of its calls; the third call fails."""
    calls = []

    def call():
        calls.append(None)
        with open(path, 'a') as file:
            print(os.getpid(), len(calls), file=file)
        if len(calls) == 3:
            raise KeyError('third call')
    return call


def refuse(path):
    raise ValueError(f'{path} is refused')


@pytest.fixture
def in_new_process(script):
    return script('_process').in_new_process


def test_builds_once_and_calls_in_the_new_process(in_new_process, tmp_path):
    path = tmp_path / 'calls.txt'
    with in_new_process(count_calls, str(path)) as call:
        for _ in range(2):
            call()
        with pytest.raises(KeyError, match='third call'):  # raised there, and here again
            call()
    processes, calls = zip(*(line.split() for line in path.read_text().splitlines()))
    assert calls == ('1', '2', '3')
    process, = set(processes)
    assert int(process) != os.getpid()
    with pytest.raises(ProcessLookupError):  # it has ended
        os.kill(int(process), 0)


def test_an_error_of_building_is_raised_here(in_new_process):
    with pytest.raises(ValueError, match='here is refused'), in_new_process(refuse, 'here'):
        pass
