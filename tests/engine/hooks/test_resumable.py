from types import SimpleNamespace

import pytest

from emonext_mm.engine.hooks import ResumableHook
from emonext_mm.utils.errors import CheckpointError


def test_resume_without_the_state_of_a_training():
    with pytest.raises(CheckpointError, match=r'meta\.epoch'):
        ResumableHook().after_load_checkpoint(SimpleNamespace(cfg=dict(resume=True)), dict(state_dict={}))


def test_weights_to_start_from_need_no_state():
    ResumableHook().after_load_checkpoint(SimpleNamespace(cfg=dict(resume=False)), dict(state_dict={}))
