import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from emonext_mm.engine.hooks import StepSeedHook
from emonext_mm.engine.hooks.step_seed import DATA, EPOCH, STEP, seed_all


def drawn():
    return random.random(), np.random.random(), torch.rand(1).item()  # noqa: NPY002


@pytest.fixture
def runner():
    return SimpleNamespace(seed=3, iter=0, epoch=0, train_loop=SimpleNamespace())


def test_what_ran_before_has_no_influence():
    seed_all(0, STEP, 5)
    expected = drawn()
    drawn()
    seed_all(0, STEP, 5)
    assert drawn() == expected


def test_all_numbers_differ(monkeypatch):
    """Between seeds, purposes, steps and ranks, in each of the three libraries."""
    found = []
    for rank in range(2):
        monkeypatch.setattr('emonext_mm.engine.hooks.step_seed.get_rank', lambda rank=rank: rank)
        for seed in range(3):
            for kind in (EPOCH, STEP, DATA):
                for number in range(20):
                    seed_all(seed, kind, number)
                    found.append(drawn())
    for library in zip(*found):
        assert len({*library}) == 2 * 3 * 3 * 20


def test_numbers_of_many_steps_are_uniform():
    """Kolmogorov's distance of the first number of 2,000 steps: the critical value at 0.1 % is 1.95 / sqrt(n)."""
    values = []
    for step in range(2000):
        seed_all(0, STEP, step)
        values.append(torch.rand(1).item())
    distance = np.abs(np.sort(values) - (np.arange(2000) + 0.5) / 2000).max()
    assert distance < 1.95 / 2000 ** 0.5


def test_a_step_and_the_next_batch_have_seeds_of_their_own(runner):
    hook, found = StepSeedHook(), []
    for step in range(3):
        runner.iter = step
        hook.before_train_iter(runner, step)
        found.append(drawn())
        hook.after_train_iter(runner, step)
        found.append(drawn())
    runner.epoch = 1
    hook.before_train_epoch(runner)
    found.append(drawn())
    assert len({*found}) == 7


def test_an_iteration_based_loop_seeds_before_each_batch(runner):
    """The third batch has the same numbers, whether the first two were trained on or skipped."""
    found = []
    for _ in range(2):
        runner.train_loop = SimpleNamespace(dataloader_iterator=iter(drawn, None))
        StepSeedHook().before_train_epoch(runner)
        batches = []
        for _ in range(3):
            batches.append(next(runner.train_loop.dataloader_iterator))
            drawn() if not found else None
        found.append(batches)
    assert found[0] == found[1]
    assert len({*found[0]}) == 3
