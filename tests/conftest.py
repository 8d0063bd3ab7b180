"""The package is registered and the host made to run, as the tools do it, whichever test comes first."""
import pytest
import torch

from emonext_mm import compat

compat.setup()


@pytest.fixture
def undrawn(monkeypatch):
    """Parameters are allocated but not drawn: an xlarge model in no time."""
    for draw in ('kaiming_uniform_', 'trunc_normal_', 'uniform_'):
        monkeypatch.setattr(torch.nn.init, draw, lambda tensor, *args, **kwargs: tensor)
