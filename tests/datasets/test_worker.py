"""Workers of data loaders, in processes of their own."""
import os
import random
import signal
import time

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from emonext_mm.datasets import init_worker

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='a data set of a test is no module of a worker')
ENDED = (RuntimeError, ConnectionError, EOFError)  # of a worker; the last two while it sends


class Chance(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return random.random(), np.random.random(), torch.rand(1).item()  # noqa: NPY002


class Pid(Dataset):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        time.sleep(0.01)
        return os.getpid()


def drain(batches, worker, number):
    """All batches, from a signal to their worker on."""
    os.kill(worker, number)
    list(batches)


def epochs(seed, count=2, **options):
    loader = DataLoader(Chance(), batch_size=None, num_workers=2, worker_init_fn=init_worker, **options)
    torch.manual_seed(seed)
    return [[tuple(map(float, sample)) for sample in loader] for _ in range(count)]


def test_each_epoch_and_worker_has_other_numbers():
    found = epochs(0)
    for library in zip(*(sample for epoch in found for sample in epoch)):
        assert len({*library}) == 8


def test_same_seed_same_numbers():
    assert epochs(0) == epochs(0)
    assert epochs(0) != epochs(1)


def test_ranks_have_other_numbers(monkeypatch):
    first = epochs(0)
    monkeypatch.setattr('emonext_mm.datasets.worker.get_rank', lambda: 1)
    assert not {*first[0]} & {*epochs(0)[0]}


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_worker_outlives_a_signal(number):
    batches = iter(DataLoader(Pid(), batch_size=1, num_workers=1, worker_init_fn=init_worker))
    worker = int(next(batches))
    os.kill(worker, number)
    assert [int(next(batches)) for _ in range(20)] == [worker] * 20
    with pytest.raises(ENDED):
        drain(batches, worker, signal.SIGKILL)


def test_a_worker_ends_some_time_after_sigterm(monkeypatch):
    monkeypatch.setattr('emonext_mm.datasets.worker.SECONDS', 1)
    batches = iter(DataLoader(Pid(), batch_size=1, num_workers=1, worker_init_fn=init_worker))
    worker = int(next(batches))
    with pytest.raises(ENDED):
        drain(batches, worker, signal.SIGTERM)
