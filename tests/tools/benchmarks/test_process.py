import os

import pytest


def number(path):
    """What ``apart`` builds in these tests: a call that writes its process and how often it was called."""
    calls = []

    def call():
        calls.append(None)
        with open(path, 'a') as file:
            print(os.getpid(), len(calls), file=file)
    return call


def refuse(path):
    raise ValueError(f'{path} is refused')


def fail(path):
    def call():
        raise KeyError(path)
    return call


@pytest.fixture
def apart(script):
    return script('_process').apart


def test_is_built_once_and_called_elsewhere(apart, tmp_path):
    path = tmp_path / 'calls.txt'
    with apart(number, str(path)) as call:
        for _ in range(3):
            call()
    processes, calls = zip(*(line.split() for line in path.read_text().splitlines()))
    assert calls == ('1', '2', '3')
    assert len(set(processes)) == 1
    process, = set(processes)
    assert int(process) != os.getpid()
    with pytest.raises(ProcessLookupError):  # it is gone
        os.kill(int(process), 0)


def test_an_error_of_building_is_raised_here(apart, tmp_path):
    with pytest.raises(ValueError, match='here is refused'), apart(refuse, 'here'):
        pass


def test_an_error_of_a_call_is_raised_here(apart):
    with apart(fail, 'there') as call, pytest.raises(KeyError, match='there'):
        call()
