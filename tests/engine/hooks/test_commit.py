from emonext_mm.engine.hooks import CommitHook
from emonext_mm.engine.hooks import commit as module


def test_commit_at_the_start(monkeypatch):
    """A commit made during the training does not change it."""
    commits = iter(['first', 'second'])
    monkeypatch.setattr(module, 'find_commit', lambda: next(commits))
    hook = CommitHook()
    hook.before_run(None)
    for _ in range(2):
        checkpoint = dict(meta=dict(epoch=3))
        hook.before_save_checkpoint(None, checkpoint)
        assert checkpoint['meta'] == dict(epoch=3, commit='first')
