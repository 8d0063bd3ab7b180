"""A few generated cases of each kind; ``python -m tests.strangers`` runs many. The sandbox finds every fault."""
import mmap
import os
import resource
import time

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.strangers.campaign import Kind, explore
from tests.strangers.kinds import KINDS
from tests.strangers.sandbox import Fault, run_case

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='each case has a forked process')


@pytest.mark.parametrize('name', KINDS)
def test_some_cases(name):
    summary = explore(KINDS[name], 8, start=0)
    assert summary.faults == []
    assert len(summary.outcomes) >= 8


def written(folder):
    (folder / 'new').touch()


def written_and_refused(folder):
    written(folder)
    raise ValueError('refused')


def two_lines(folder):
    raise ValueError('one\ntwo')


def large(folder):
    """Fresh memory, beyond the peak of this process: what it has freed before is kept, and would be used again."""
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.frombuffer(mmap.mmap(-1, peak + 100_000_000), np.uint8)[::4096] = 1


@pytest.mark.parametrize(('read', 'fault'), [
    (lambda folder: os.kill(os.getpid(), 9), 'the process died'),
    (lambda folder: {}['x'], 'KeyError'),
    (lambda folder: [].append(), 'Traceback'),
    (lambda folder: (_ for _ in ()).throw(ValueError('x' * 1001)), 'not one line'),
    (two_lines, 'not one line'),
    (large, 'grew by'),
    (written, "written: .*new'"),
    (written_and_refused, "written: .*new'"),
])
def test_faults_are_found(read, fault):
    with pytest.raises(Fault, match=fault):
        run_case(lambda folder: None, read, memory=30_000_000)


def test_a_hanging_case_is_ended():
    with pytest.raises(Fault, match=r'no end after 0\.5 s'):
        run_case(lambda folder: None, lambda folder: time.sleep(60), seconds=0.5)


def test_no_faults():
    def refuse(folder):
        raise ValueError(f'{folder.name}: refused')

    assert run_case(lambda folder: (folder / 'x').touch(), lambda folder: (folder / 'x').read_text()).message is None
    assert run_case(lambda folder: None, refuse).message.endswith(': refused')
    assert run_case(lambda folder: None, written, lambda path, refused: not refused).message is None
    with pytest.raises(Fault, match='written'):
        run_case(lambda folder: None, written_and_refused, lambda path, refused: not refused)


def test_a_fault_is_shrunk_and_reported():
    def read(case, folder):
        assert case < 100

    summary = explore(Kind(st.integers(0, 10**6), lambda case, folder: None, read), 50, start=0)
    (fault, ) = summary.faults
    assert fault.startswith('100: ')
    assert 'AssertionError' in fault
    assert ' 1 faults' in str(summary)
