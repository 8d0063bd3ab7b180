"""Importing the package registers its parts, whichever test comes first."""
import sys
from pathlib import Path

import pytest
import torch

import emonext_mm  # noqa: F401

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def undrawn(monkeypatch):
    """Parameters are allocated but not drawn: an xlarge model in no time."""
    for draw in ('kaiming_uniform_', 'trunc_normal_', 'uniform_'):
        monkeypatch.setattr(torch.nn.init, draw, lambda tensor, *args, **kwargs: tensor)
