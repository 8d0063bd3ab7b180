"""Testing from Python: metrics, conditions, figures, files; a bad file name is found before anything runs."""
import json
from multiprocessing import active_children

import cv2
import pytest
import torch
from matplotlib import pyplot
from mmengine.config import Config

from emonext_mm.apis.test import METRICS_SUFFIXES
from emonext_mm.apis.test import test as run_test
from emonext_mm.evaluation.predictions import read_predictions

VAL = {'test_dataloader.dataset.split': 'val'}


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)


def test_result(config, trained, tmp_path):
    result = run_test(config, trained / 'epoch_2.pth', tmp_path, cfg_options=VAL, out=tmp_path / 'it.csv')
    predictions = read_predictions(tmp_path / 'it.csv')
    hits = (predictions.predicted == predictions.labels).mean()
    assert result.metrics['accuracy/top1'] == pytest.approx(100 * hits)
    assert result.conditions == predictions.conditions
    assert [result.conditions[key] for key in ('split', 'epoch', 'weights', 'views')] == ['val', 2, 'EMA', 1]
    assert f'{100 * hits:.2f} %' in result.text
    assert result.figures == {'confusion matrix': tmp_path / 'confusion_matrix.png',
                              'STN, in and out': tmp_path / 'stn_faces.png'}
    for label, path in result.figures.items():
        assert min(cv2.imread(str(path)).shape[:2]) > 100
        assert f'{label:<17}{path}' in result.text.splitlines()
    assert not pyplot.get_fignums()


def test_ten_crops_without_an_stn_figure(config, trained, tmp_path):
    """The metrics of a work dir's best checkpoint, as JSON."""
    result = run_test(config, trained, tmp_path, tta=True, out=tmp_path / 'it.json', out_item='metrics',
                      cfg_options={**VAL, 'test_evaluator.per_class': False})
    assert result.figures == {}  # no confusion matrix was measured, and the STN warps each view in its own way
    assert [result.conditions[key] for key in ('views', 'transform')] == [10, 'TenCrop']
    written = json.loads((tmp_path / 'it.json').read_text())
    assert written.pop('conditions') == result.conditions
    assert written == pytest.approx(result.metrics)


def test_workers_end(config, trained, tmp_path):
    """Those that persist would wait until the data loader is collected."""
    before = active_children()
    run_test(config, trained, tmp_path, draw=False, cfg_options={
        'test_dataloader.num_workers': 1, 'test_dataloader.persistent_workers': True})
    assert active_children() == before


def in_two_parts(config):
    """The test images as a data set of two parts, of 28 and 14 samples."""
    cfg = Config.fromfile(config)
    part = cfg.test_dataloader.dataset
    part.num_samples = 28
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[
        dict(part, split='val'), dict(type='RepeatDataset', times=2, dataset=dict(part, num_samples=7))])
    return cfg


@pytest.mark.parametrize('tta', [False, True])
def test_data_set_of_parts(config, trained, tmp_path, tta):
    result = run_test(in_two_parts(config), trained, tmp_path, tta=tta, out=tmp_path / 'it.json', draw=False)
    assert result.figures == {}
    assert not list(tmp_path.rglob('*.png'))
    found = read_predictions(tmp_path / 'it.json')
    assert list(found.ids[:28]) == [f'val_{i}' for i in range(28)]
    assert list(found.ids[28:]) == [f'test_{i % 7}@{28 + i}' for i in range(14)]
    assert found.labels.tolist() == [i % 7 for i in range(42)]
    assert (found.predicted == found.labels).mean() * 100 == pytest.approx(result.metrics['accuracy/top1'])
    assert (result.conditions['views'], result.conditions['transform']) == ((10, 'TenCrop') if tta else (1, None))


def test_parts_in_random_order(config, trained, tmp_path):
    with pytest.raises(ValueError, match=r'shuffle=False'):
        run_test(in_two_parts(config), trained, tmp_path, out=tmp_path / 'it.json',
                 cfg_options={'test_dataloader.sampler.shuffle': True})


@pytest.mark.parametrize('change', [{'drop_last': True}, {'sampler.type': 'RepeatAugSampler'}])
def test_all_images_or_none(config, tmp_path, change):
    """Known before the checkpoint is read."""
    options = {f'test_dataloader.{key}': value for key, value in change.items()}
    with pytest.raises(ValueError, match=next(iter(options)).replace('.', r'\.')):
        run_test(config, 'no_such.pth', tmp_path, cfg_options=options)


def test_output_that_is_a_folder(tmp_path):
    with pytest.raises(OSError, match=str(tmp_path)):
        run_test('no_such_config.py', 'no_such.pth', tmp_path, out=tmp_path)


@pytest.mark.parametrize(('out', 'item', 'told'), [
    (None, 'metrics', '--out'), ('it.txt', None, r'it\.txt'), ('it.csv', 'metrics', r'\.json'),
])
def test_bad_output(tmp_path, out, item, told):
    with pytest.raises(ValueError, match=told):
        run_test('no_such_config.py', 'no_such.pth', tmp_path, out=out, out_item=item)


def test_suffixes_of_metrics():
    assert '.csv' not in METRICS_SUFFIXES  # a confusion matrix is no row
