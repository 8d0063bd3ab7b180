import logging

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger

from emonext_mm.engine.hooks.trained_options import warn_of_changes

TRAINED = dict(model=dict(type='ImageClassifier', backbone=dict(act='GELU', drop_path_rate=0.1)),
               data_preprocessor=dict(mean=[127.0], std=[64.0], view=dict(size=48, degrees=15)))


@pytest.fixture
def told(caplog):
    """The warnings of a test with changed options."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)

    def test(meta, views=False, **changes):
        cfg = Config(dict(TRAINED))
        cfg.merge_from_dict(changes)
        if views:
            cfg.model = dict(type='Views', module=cfg.model)
        warn_of_changes(dict(meta=meta, state_dict={}), cfg)
        return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]

    yield test
    logger.removeHandler(caplog.handler)


@pytest.mark.parametrize('views', [False, True])
def test_names_what_changes_the_answers(told, views):
    line, = told(dict(cfg=Config(TRAINED).pretty_text), views, **{
        'model.backbone.act': 'ReLU', 'data_preprocessor.mean': [0.0], 'data_preprocessor.view.size': 40})
    assert "model.backbone.act was 'GELU', is 'ReLU'" in line
    assert 'data_preprocessor.mean.0 was 127.0, is 0.0' in line
    assert 'data_preprocessor.view.size was 48, is 40' in line


def test_published_model(told):
    line, = told(dict(preprocessing=TRAINED['data_preprocessor']), **{'data_preprocessor.std': [255.0]})
    assert 'data_preprocessor.std.0 was 64.0, is 255.0' in line


def test_what_a_training_alone_uses(told):
    assert told(dict(cfg=Config(TRAINED).pretty_text), **{
        'model.backbone.drop_path_rate': 0, 'model.backbone.init_cfg': None, 'data_preprocessor.view.degrees': 0,
        'data_preprocessor.batch_augments': None}) == []


@pytest.mark.parametrize('meta', [None, {}, dict(cfg=7), dict(cfg='no config'), dict(cfg='import os')])
def test_checkpoint_that_tells_nothing(told, meta):
    assert told(meta) == []
