import pytest
from mmengine.config import Config

from emonext_mm.utils.models import build_model


@pytest.mark.parametrize('place', ['beside the model', 'in the model'])
def test_the_preprocessor_of_a_config(config, place):
    cfg = Config.fromfile(config)
    expected = cfg.data_preprocessor.mean
    if place == 'in the model':
        cfg.model.data_preprocessor = cfg.pop('data_preprocessor')
    assert build_model(cfg).data_preprocessor.mean.flatten().tolist() == expected
