import pytest
from mmengine.runner import Runner

from emonext_mm.compat.config import prepare_train
from tests.helpers.host_training import make_config


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """The folder of a training of one epoch."""
    folder = tmp_path_factory.mktemp('trained')
    Runner.from_cfg(prepare_train(make_config(folder))).train()
    return folder
