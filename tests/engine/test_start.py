"""What is known before the first step: batches, and the metrics that hooks and schedules ask for."""
import pytest
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from emonext_mm.compat.config import prepare_train
from emonext_mm.emotions import CLASSES
from emonext_mm.engine.start import check_start, metric_names, rule_of
from tests.helpers.host_training import make_config

EMOTION = {'accuracy/top1', 'accuracy/ci95_low', 'accuracy/ci95_high', 'single-label/precision',
           'single-label/recall', 'single-label/f1-score', 'calibration/ece'}
EMOTION_METRIC = [dict(type='EmotionMetric')]


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
    ({'val_evaluator': EMOTION_METRIC, 'default_hooks.checkpoint.save_best': 'calibration/ece',
      'default_hooks.checkpoint.rule': 'greater'}, "checkpoint.save_best is 'calibration/ece'.*'greater'.*rule='less'"),
    ({'val_evaluator': EMOTION_METRIC, 'default_hooks.early_stopping': dict(
        type='EarlyStopping', monitor='calibration/ece')}, "early stopping is 'calibration/ece'.*rule='less'"),
    ({'param_scheduler': dict(type='ReduceOnPlateauLR', monitor='accuracy/top1')}, "param_scheduler.*rule='greater'"),
    ({'param_scheduler': dict(type='ReduceOnPlateauLR', monitor='los')}, r"param_scheduler\.monitor is 'los'"),
    ({'train_dataloader.batch_size': 9, 'train_dataloader.drop_last': True}, 'batch_size is 9, but there are 8'),
    ({'val_dataloader.batch_size': 9, 'val_dataloader.drop_last': True}, r'val_dataloader\.drop_last'),
])
def test_refused(tmp_path, changes, told):
    with pytest.raises(ValueError, match=told):
        check(tmp_path, **changes)


@DATASETS.register_module()
class Labelled(BaseDataset):
    """Images with given labels, or with other values in place of them."""

    def __init__(self, labels, **kwargs):
        self.given = labels
        super().__init__(ann_file='', **kwargs)

    def load_data_list(self):
        return [{'gt_label': label} for label in self.given]


TWO = dict(classes=('left', 'right'))


@pytest.mark.parametrize('loader', ['train', 'val'])
@pytest.mark.parametrize(('labels', 'metainfo', 'told'), [
    ([0, 1, 2], TWO, '2 is 2, expected 0 to 1'), ([0, -1], TWO, '1 is -1, expected 0 to 1'),
    ([1, 2], None, '1 is 2, expected 0 to 1'), ([0, 2], dict(classes='abc'), '1 is 2, expected 0 to 1'),
    ([0, 1], dict(classes=[0, 1]), r'is 0 \(int\)'),
])
def test_labels_of_no_class(tmp_path, loader, labels, metainfo, told):
    part = dict(type='Labelled', labels=labels, metainfo=metainfo)
    wrapped = dict(type='RepeatDataset', times=2, dataset=part)
    with pytest.raises(ValueError, match=told):
        check(tmp_path, **{f'{loader}_dataloader.dataset': dict(wrapped, _delete_=True)})


@pytest.mark.parametrize('labels', [[0, 1], [[0, 5], []], [{'a': 7}], [None]])
def test_labels_of_other_kinds(tmp_path, labels):
    check(tmp_path, **{'train_dataloader.dataset': dict(_delete_=True, type='Labelled', labels=labels, metainfo=TWO)})


@pytest.mark.parametrize('changes', [
    {'train_dataloader.batch_size': 9},
    {'val_evaluator': EMOTION_METRIC, 'default_hooks.checkpoint.save_best': ['accuracy/top1', 'calibration/ece'],
     'default_hooks.checkpoint.rule': ['greater', 'less'], 'default_hooks.early_stopping': dict(
         type='EarlyStopping', monitor='calibration/ece', rule='less')},
    {'train_dataloader.batch_size': 9, 'train_dataloader.drop_last': True,
     'train_dataloader.sampler': dict(type='InfiniteSampler'),
     'train_cfg': dict(_delete_=True, by_epoch=False, max_iters=1, val_interval=1)},
    {'default_hooks.checkpoint.save_best': 'accuracy/top5', 'val_dataloader': None, 'val_cfg': None,
     'val_evaluator': None},
])
def test_allowed(tmp_path, changes):
    check(tmp_path, **changes)


@pytest.mark.parametrize(('metric', 'rule'), [
    *((metric, 'greater') for metric in sorted(EMOTION - {'calibration/ece'})), ('calibration/ece', 'less'),
    ('f1-score/angry', 'greater'), ('val_loss', 'less'), ('NLL', 'less'), ('top1_error', 'less'), ('mAP', 'greater'),
    ('replace', None), ('mine/distance', None),
])
def test_rule_of_a_metric(metric, rule):
    assert rule_of(metric) == rule
