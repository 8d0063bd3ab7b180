from types import SimpleNamespace

import pytest

from emonext_mm.engine.hooks import CommitHook
from emonext_mm.engine.hooks import commit as module


@pytest.fixture
def hook(monkeypatch):
    """After the start of a training; a later commit must not change it."""
    commits = iter(['first', 'second'])
    monkeypatch.setattr(module, 'find_commit', lambda: next(commits))
    return CommitHook()


def saved(hook):
    checkpoint = dict(meta=dict(epoch=3))
    hook.before_save_checkpoint(None, checkpoint)
    assert checkpoint['meta'].pop('epoch') == 3
    return checkpoint['meta']


def test_commit_at_the_start(hook):
    assert saved(hook) == saved(hook) == dict(commit='first')


@pytest.mark.parametrize(('resume', 'before', 'expected'), [
    (True, 'older', 'older, first'), (True, 'older, first', 'older, first'), (True, 'first', 'first'),
    (True, None, 'first'), (False, 'older', 'first')])
def test_commits_of_a_resumed_training(hook, resume, before, expected):
    """Weights that are only loaded belong to another training."""
    runner = SimpleNamespace(cfg=dict(resume=resume))
    hook.after_load_checkpoint(runner, dict(meta=dict(commit=before) if before else {}))
    assert saved(hook) == dict(commit=expected)
