"""What is known before the first step: batches, and the metrics that hooks and schedules ask for."""
import pytest
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner

from emonext_mm.compat.config import prepare_train
from emonext_mm.emotions import CLASSES
from emonext_mm.engine.start import check_start, metric_names
from tests.helpers.host_training import make_config

EMOTION = {'accuracy/top1', 'accuracy/ci95_low', 'accuracy/ci95_high', 'single-label/precision',
           'single-label/recall', 'single-label/f1-score', 'calibration/ece'}


def names(*metrics, classes=CLASSES):
    evaluator = Evaluator(list(metrics))
    evaluator.dataset_meta = dict(classes=classes)
    return metric_names(evaluator), evaluator


@pytest.mark.parametrize(('metrics', 'expected'), [
    ([dict(type='mmpretrain.EmotionMetric', per_class=False)], EMOTION),
    ([dict(type='mmpretrain.Accuracy', topk=(1, 5))], {'accuracy/top1', 'accuracy/top5'}),
    ([dict(type='mmpretrain.SingleLabelMetric', items=['recall'], prefix='mine'),
      dict(type='mmpretrain.ConfusionMatrix')], {'mine/recall', 'confusion_matrix/result'}),
])
def test_names_of_metrics(metrics, expected):
    found, evaluator = names(*metrics)
    assert found == expected
    assert [metric.results for metric in evaluator.metrics] == [[]] * len(metrics)  # it is left as it was


def test_metrics_of_another_task():
    assert names(dict(type='mmpretrain.VQAAcc'))[0] is None
    assert names(dict(type='mmpretrain.EmotionMetric'), classes=())[0] is None


def check(folder, param_scheduler=None, **changes):
    cfg = make_config(folder)
    cfg.merge_from_dict(changes)
    cfg.param_scheduler = param_scheduler or cfg.param_scheduler
    runner = Runner.from_cfg(prepare_train(cfg))
    check_start(runner)
    return runner


def test_nothing_to_complain_of(tmp_path):
    stopping = dict(type='EarlyStoppingHook', monitor='accuracy/top1')
    runner = check(tmp_path, **{'default_hooks.early_stopping': stopping})
    assert (runner.iter, len(runner.train_dataloader)) == (0, 2)


@pytest.mark.parametrize(('changes', 'told'), [
    ({'default_hooks.checkpoint.save_best': 'accuracy/top5'},
     r"checkpoint\.save_best is 'accuracy/top5'.* accuracy/top1"),
    ({'default_hooks.checkpoint.save_best': ['accuracy/top1', 'acc']}, r"save_best is 'acc'"),
    ({'default_hooks.early_stopping': dict(type='EarlyStoppingHook', monitor='acc')}, "'acc'"),
    ({'param_scheduler': dict(type='ReduceOnPlateauLR', monitor='los')}, r"param_scheduler\.monitor is 'los'"),
    ({'train_dataloader.batch_size': 9, 'train_dataloader.drop_last': True}, 'batch_size is 9, but there are 8'),
])
def test_refused(tmp_path, changes, told):
    with pytest.raises(ValueError, match=told):
        check(tmp_path, **changes)


@pytest.mark.parametrize('changes', [
    {'train_dataloader.batch_size': 9},
    {'train_dataloader.batch_size': 9, 'train_dataloader.drop_last': True,
     'train_dataloader.sampler': dict(type='InfiniteSampler'),
     'train_cfg': dict(_delete_=True, by_epoch=False, max_iters=1, val_interval=1)},
    {'default_hooks.checkpoint.save_best': 'accuracy/top5', 'val_dataloader': None, 'val_cfg': None,
     'val_evaluator': None},
])
def test_allowed(tmp_path, changes):
    check(tmp_path, **changes)
