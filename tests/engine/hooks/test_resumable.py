"""A resume: the state of a training, and the options of before."""
import logging
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from emonext_mm.engine.hooks import ResumableHook
from emonext_mm.utils.errors import CheckpointError


def test_resume_without_the_state_of_a_training():
    with pytest.raises(CheckpointError, match=r'meta\.epoch'):
        ResumableHook().after_load_checkpoint(SimpleNamespace(cfg=dict(resume=True)), dict(state_dict={}))


def test_weights_to_start_from_need_no_state():
    ResumableHook().after_load_checkpoint(SimpleNamespace(cfg=dict(resume=False)), dict(state_dict={}))


def config(**changes):
    cfg = Config(dict(
        model=dict(type='ImageClassifier', backbone=dict(depths=[1, 2], init_cfg=dict(checkpoint='here.pth'))),
        data_preprocessor=dict(mean=[127.0], std=[64.0]), optim_wrapper=dict(type='AmpOptimWrapper',
                                                                             optimizer=dict(lr=0.1)),
        param_scheduler=[dict(type='CosineAnnealingLR', T_max=3)], train_cfg=dict(max_epochs=3),
        train_dataloader=dict(num_workers=2, batch_size=4), custom_hooks=[dict(type='EMAHook')], work_dir='a'))
    cfg.merge_from_dict(changes)
    return cfg


def told(*, before, now, caplog):
    """What is logged on a resume."""
    runner = SimpleNamespace(cfg=config(resume=True, **now), logger=logging.getLogger('resume'))
    content = dict(meta=dict(epoch=1, iter=2, cfg=before), state_dict={}, message_hub={}, optimizer={})
    ResumableHook().after_load_checkpoint(runner, content)
    return [record.getMessage() for record in caplog.records]


def test_changed_options(caplog):
    now = {'train_cfg.max_epochs': 5, 'data_preprocessor.mean': [0.0], 'optim_wrapper.optimizer.lr': 0.2,
           'custom_hooks': [], 'train_dataloader.drop_last': True}
    line, = told(before=config().pretty_text, now=now, caplog=caplog)
    for change in ('train_cfg.max_epochs was 3, is 5', 'data_preprocessor.mean.0 was 127.0, is 0.0',
                   'optim_wrapper.optimizer.lr was 0.1, is 0.2', "custom_hooks was [{'type': 'EMAHook'}], is []",
                   'train_dataloader.drop_last was not set, is True'):
        assert change in line


def test_what_depends_on_the_machine(caplog):
    now = {'train_dataloader.num_workers': 0, 'train_dataloader.pin_memory': True, 'work_dir': 'b',
           'optim_wrapper.type': 'CpuAmpOptimWrapper', 'model.backbone.init_cfg': None,
           'train_dataloader.worker_init_fn': dict(type='init_worker')}
    assert told(before=config().pretty_text, now=now, caplog=caplog) == []


def test_many_changed_options(caplog):
    line, = told(before=config().pretty_text, now={f'train_cfg.x{number}': number for number in range(14)},
                 caplog=caplog)
    assert line.count(', is ') == 10
    assert 'and 4 more' in line


@pytest.mark.parametrize('before', [None, 7, 'no config', {}])
def test_checkpoint_without_a_readable_config(caplog, before):
    assert 'config' in told(before=before, now={}, caplog=caplog)[0]
