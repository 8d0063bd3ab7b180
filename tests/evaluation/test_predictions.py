"""The file of predictions, from the function up to the command line."""
import csv
import json
import re
import runpy
import sys
from types import SimpleNamespace
from unittest.mock import MagicMock

import mmengine
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.structures import DataSample

from emonext_mm.compat.config import prepare_train
from emonext_mm.datasets import SyntheticFER
from emonext_mm.emotions import CLASSES
from emonext_mm.evaluation.predictions import PredictionFile, read_predictions, sample_id
from emonext_mm.utils.files import write_atomic

CONDITIONS = {'config': 'it', 'epoch': 3}
SCORES = torch.tensor([[0.5, 0.25, 0.125, 0.125, 0, 0, 0], [0, 0, 0, 0, 0.25, 0, 0.75], [0, 0, 0, 1, 0, 0, 0]])


def gather(path, samples, size=None):
    file = PredictionFile(path)
    file.process(None, [sample.to_dict() for sample in samples])
    assert file.evaluate(size or len(samples)) == {}
    return file


def samples_of(scores, labels=(0, 1, 2), places=(0, 1, 2)):
    samples = []
    for score, label, place in zip(scores, labels, places):
        sample = DataSample(metainfo={} if place is None else dict(sample_idx=place)).set_pred_score(score)
        samples.append(sample if label is None else sample.set_gt_label(label))
    return samples


def test_smoke(tmp_path):
    path = tmp_path / 'new' / 'out.json'
    gather(path, samples_of(SCORES)).write(SyntheticFER(3, 'val'), CONDITIONS)
    content = json.loads(path.read_text())
    assert content['conditions'] == CONDITIONS
    assert content['classes'] == list(CLASSES)
    assert content['predictions'][1] == {
        'sample_id': 'val_1', 'true': 'disgust', 'predicted': 'neutral',
        'probabilities': dict(zip(CLASSES, [0, 0, 0, 0, 0.25, 0, 0.75]))}
    assert [row['predicted'] for row in content['predictions']] == ['angry', 'neutral', 'happy']
    assert [path.name for path in path.parent.iterdir()] == ['out.json']


def test_csv(tmp_path):
    path = tmp_path / 'out.csv'
    gather(path, samples_of(SCORES, (0, None, 2))).write(SyntheticFER(3, 'val'), CONDITIONS)
    first, *rest = path.read_text().splitlines()
    assert json.loads(first.removeprefix('# ')) == CONDITIONS
    rows = list(csv.DictReader(rest))
    assert list(rows[0]) == ['sample_id', 'true', 'predicted', *CLASSES]
    assert [(row['sample_id'], row['true'], row['predicted']) for row in rows] == [
        ('val_0', 'angry', 'angry'), ('val_1', '', 'neutral'), ('val_2', 'fear', 'happy')]
    assert [[float(row[name]) for name in CLASSES] for row in rows] == SCORES.tolist()


@pytest.mark.parametrize('name', ['out.txt', 'out'])
def test_no_such_format(name):
    with pytest.raises(ValueError, match=rf'{name}: predictions are written to .json, .csv, .pkl or .pickle'):
        PredictionFile(name)


@pytest.mark.parametrize('places', [(None, None, None), (0, 1, 1), (0, 1, 3)])
def test_samples_that_do_not_know_their_place(places, tmp_path):
    file = gather(tmp_path / 'out.json', samples_of(SCORES, places=places))
    with pytest.raises(ValueError, match='samples do not carry their place in the data set: PackInputs must keep'):
        file.write(SyntheticFER(3), CONDITIONS)
    assert not list(tmp_path.iterdir())


def test_unlabelled_and_shuffled(tmp_path):
    file = gather(tmp_path / 'out.json', samples_of(SCORES, (None, ) * 3, places=(2, 0, 1)))
    file.write(SyntheticFER(3, 'test'), CONDITIONS)
    rows = json.loads((tmp_path / 'out.json').read_text())['predictions']
    assert [(row['sample_id'], row['true']) for row in rows] == [('test_2', None), ('test_0', None), ('test_1', None)]


def test_padding_is_dropped(tmp_path):
    gather(tmp_path / 'out.json', samples_of(SCORES, places=(0, 1, 0)), size=2).write(SyntheticFER(2), CONDITIONS)
    assert len(json.loads((tmp_path / 'out.json').read_text())['predictions']) == 2


@pytest.mark.parametrize(('info', 'expected'), [(dict(sample_id='a', img_path='b'), 'a'), (dict(img_path='b'), 'b'),
                                                ({}, '4')])
def test_sample_id(info, expected):
    assert sample_id(SimpleNamespace(get_data_info=lambda place: info), 4) == expected


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / 'out.json'
    write_atomic(path, 'old')
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, '\ud800')
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [('out.json', 'old')]


def test_a_killed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'out.json'
    write_atomic(path, 'old')
    monkeypatch.setattr('os.replace', lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_atomic(path, 'new')
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [('out.json', 'old')]


# ------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize('name', ['out.json', 'out.csv'])
def test_what_is_written_is_read(name, tmp_path):
    file = gather(tmp_path / name, samples_of(SCORES, (0, None, 2), places=(2, 0, 1)))
    file.write(SyntheticFER(3, 'val'), {'config': 'it, "quoted"', 'dataset': {'type': 'é'}})
    run = read_predictions(tmp_path / name)
    assert run.path == tmp_path / name
    assert run.conditions == {'config': 'it, "quoted"', 'dataset': {'type': 'é'}}
    assert (run.classes, run.ids) == (CLASSES, ('val_2', 'val_0', 'val_1'))
    assert (run.labels.tolist(), run.predicted.tolist()) == ([0, -1, 2], [0, 6, 3])
    assert run.probabilities.tolist() == SCORES.tolist()


@pytest.mark.parametrize('name', ['out.json', 'out.csv'])
def test_names_that_a_csv_must_quote(name, tmp_path):
    ids = ['a, "b"', 'c\nd', '  ']
    infos = [dict(sample_id=sample) for sample in ids]
    dataset = MagicMock(get_data_info=infos.__getitem__, metainfo=dict(classes=('x, y', '"z"')))
    dataset.__len__.return_value = 3
    file = gather(tmp_path / name, samples_of(torch.tensor([[0.75, 0.25]] * 3), (0, 1, 0)))
    file.write(dataset, {})
    run = read_predictions(tmp_path / name)
    assert (run.ids, run.classes, run.labels.tolist()) == (tuple(ids), ('x, y', '"z"'), [0, 1, 0])


def test_a_spreadsheet_may_have_marked_and_ended_lines_in_its_way(tmp_path):
    gather(tmp_path / 'out.csv', samples_of(SCORES)).write(SyntheticFER(3), CONDITIONS)
    text = (tmp_path / 'out.csv').read_text().replace('\n', '\r\n')
    (tmp_path / 'out.csv').write_bytes(b'\xef\xbb\xbf' + text.encode())
    assert read_predictions(tmp_path / 'out.csv').ids == ('train_0', 'train_1', 'train_2')


def test_rounding_above_1_and_ties_are_no_faults(tmp_path):
    row = dict(sample_id='a', true='x', predicted='y', probabilities=dict(x=1.00000012, y=1.00000012))
    (tmp_path / 'p.json').write_text(json.dumps(dict(conditions={}, classes=['x', 'y'], predictions=[row])))
    assert read_predictions(tmp_path / 'p.json').predicted.tolist() == [1]


ROW = dict(sample_id='a', true='x', predicted='y', probabilities=dict(x=0.25, y=0.75))
FILE = dict(conditions={}, classes=['x', 'y'], predictions=[ROW])


def changed(**kwargs):
    return dict(FILE, predictions=[ROW, {**ROW, 'sample_id': 'b', **kwargs}])


@pytest.mark.parametrize(('content', 'message'), [
    ('', 'p.json is not JSON: Expecting value: line 1'),
    ('{"conditions": {', 'p.json is not JSON'),
    ([], 'p.json is no file of predictions: it has no conditions'),
    ({'accuracy/top1': 61.2, 'conditions': {}}, 'p.json holds metrics, not predictions: test with --out FILE.json and '
                                                'no --out-item'),
    (dict(FILE, conditions=None), 'p.json is no file of predictions: it has no conditions'),
    (dict(conditions={}, classes=['x', 'y']), 'p.json is no file of predictions: it has no predictions'),
    (dict(conditions={}, predictions=[ROW]), 'p.json is no file of predictions: it has no classes'),
    (dict(FILE, predictions=[]), 'p.json holds no predictions'),
    (dict(FILE, classes=['x']), "p.json: classes are ['x'], expected two or more different names"),
    (dict(FILE, classes=['x', 'x']), "p.json: classes are ['x', 'x'], expected"),
    (dict(FILE, classes=['x', 3]), "p.json: classes are ['x', 3], expected"),
    (dict(FILE, predictions=[ROW, 7]), 'p.json, prediction 2: no sample_id in 7'),
    (changed(sample_id=''), "p.json, prediction 2: no sample_id in {'sample_id': ''"),
    (dict(FILE, predictions=[ROW, {**ROW, 'sample_id': 'b'}, ROW]),
     "p.json, prediction 3: sample_id 'a' stands in p.json, prediction 1 already"),
    (changed(true='z'), "p.json, prediction 2 (b): true is 'z', which is none of the classes x, y"),
    (changed(predicted='z'), "p.json, prediction 2 (b): predicted is 'z', which is none of the classes x, y"),
    (changed(predicted=None), 'p.json, prediction 2 (b): predicted is None, which is none of the classes'),
    (changed(predicted='x'), 'p.json, prediction 2 (b): predicted is x, but y has the highest probability'),
    (changed(probabilities=None), 'p.json, prediction 2 (b): expected probabilities of x, y, got None'),
    (changed(probabilities=dict(x=1)), "p.json, prediction 2 (b): expected probabilities of x, y, got {'x': 1}"),
    *((changed(probabilities=dict(x=0, y=value)),
       f'p.json, prediction 2 (b): the probability of y is {value!r}, expected a number from 0 to 1')
      for value in ('0.5', None, True, -0.1, 1.1, float('nan'), [0.5])),
])
def test_wrong_json(content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'p.json').write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read_predictions('p.json')
    assert '\n' not in str(error.value)


def test_a_row_without_label_key(tmp_path):
    row = {key: value for key, value in ROW.items() if key != 'true'}
    (tmp_path / 'p.json').write_text(json.dumps(dict(FILE, predictions=[row])))
    with pytest.raises(ValueError, match=r"p\.json, prediction 1 \(a\): no 'true'"):
        read_predictions(tmp_path / 'p.json')


@pytest.mark.parametrize(('text', 'message'), [
    ('', "p.csv, line 1 is '', expected # and the conditions as JSON"),
    ('sample_id,true,predicted,x,y\na,x,y,0,1\n', "p.csv, line 1 is 'sample_id,true,predicted,x,y', expected #"),
    ('# it is\n', "p.csv, line 1 is '# it is', expected # and the conditions as JSON"),
    ('# []\n', "p.csv, line 1 is '# []', expected # and the conditions as JSON"),
    ('# {}\n', "p.csv, line 2 is '', expected sample_id,true,predicted and the classes"),
    ('# {}\nid,true,predicted,x,y\n', "p.csv, line 2 is 'id,true,predicted,x,y', expected sample_id,true,predicted"),
    ('# {}\nsample_id,true,predicted\n', 'p.csv: classes are [], expected two or more different names'),
    ('# {}\nsample_id,true,predicted,x,y\n', 'p.csv holds no predictions'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\nb,x,y,0\n', 'p.csv, line 4 has 4 cells, expected 5'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\nb,x,y,0,1,2\n', 'p.csv, line 4 has 6 cells, expected 5'),
    ('# {}\nsample_id,true,predicted,x,y\n"a\nb",x,y,0,1\nb,x,y,0,one\n',
     "p.csv, line 5 (b): the probability of y is 'one', expected a number from 0 to 1"),
    ('# {}\nsample_id,true,predicted,x,y\na,z,y,0,1\n', "p.csv, line 3 (a): true is 'z', which is none of the classes"),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,nan\n', 'p.csv, line 3 (a): the probability of y is nan, expected'),
    ('# {}\nsample_id,true,predicted,x,y\na,x,y,0,1\na,x,y,0,1\n',
     "p.csv, line 4: sample_id 'a' stands in p.csv, line 3 already"),
])
def test_wrong_csv(text, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'p.csv').write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read_predictions('p.csv')
    assert '\n' not in str(error.value)


def test_no_text(tmp_path):
    (tmp_path / 'p.json').write_bytes(b'\x80\x04\x95')
    with pytest.raises(ValueError, match=r'p\.json is not text: '):
        read_predictions(tmp_path / 'p.json')


def test_not_a_file_of_predictions_by_its_name():
    with pytest.raises(ValueError, match=r'out\.pkl: predictions are read from \.json, \.csv: test with --out FILE'):
        read_predictions('out.pkl')


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.json'):
        read_predictions(tmp_path / 'none.json')


# ------------------------------------------------------------------------------------- the command line


@pytest.fixture(scope='module')
def trained(request, tmp_path_factory):
    """The config of the synthetic faces, cut to a step, and the checkpoint that it gave."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = Config.fromfile(request.config.rootpath / 'configs/emonext_atto_synthetic.py')
    for split, count in (('train', 8), ('val', 8), ('test', 20)):
        cfg[f'{split}_dataloader'].update(batch_size=8)
        cfg[f'{split}_dataloader'].dataset.num_samples = count
    cfg.model.backbone.arch = dict(depths=[1] * 4, channels=[16] * 4)
    cfg.model.head.in_channels = 16
    cfg.train_cfg.max_epochs = 1
    cfg.work_dir = str(folder / 'work_dir')  # the runner leaves a config of the same name there
    path = folder / 'tiny.py'
    cfg.dump(path)
    Runner.from_cfg(prepare_train(Config.fromfile(path))).train()
    return path, folder / 'work_dir' / 'epoch_1.pth'


@pytest.fixture
def run_test(trained, request, monkeypatch, capsys):
    """``tools/test.py`` in this process; gives what it printed, or its one line of error."""
    tools = request.config.rootpath / 'tools'

    def run(*args):
        monkeypatch.syspath_prepend(str(tools))
        monkeypatch.setattr(sys, 'argv', ['test.py', *map(str, trained), *map(str, args)])
        try:
            runpy.run_path(str(tools / 'test.py'), run_name='__main__')
        except SystemExit as stop:
            return stop.code
        return capsys.readouterr().out

    return run


def expected_conditions(trained, **kwargs):
    return {'config': 'tiny', 'cfg_options': {}, 'checkpoint': str(trained[1]), 'epoch': 1, 'weights': 'EMA',
            'dataset': {'type': 'SyntheticFER', 'num_samples': 20, 'split': 'test'},
            'split': 'test', 'samples': 20, 'clean': None, 'views': 1, 'transform': None, 'merge': None, **kwargs}


def test_predictions_of_a_test(trained, run_test, tmp_path):
    out = tmp_path / 'out.json'
    printed = run_test('--out', out)
    content = json.loads(out.read_text())
    assert content['conditions'] == expected_conditions(trained)
    assert [row['sample_id'] for row in content['predictions']] == [f'test_{i}' for i in range(20)]
    assert [row['true'] for row in content['predictions']] == [CLASSES[i % 7] for i in range(20)]
    hits = sum(row['true'] == row['predicted'] for row in content['predictions'])
    assert f'accuracy         {hits / 20 * 100:.2f} % (95 % interval ' in printed
    assert 'conditions       tiny, epoch 1, EMA weights, single view\n' in printed
    assert all(f'\n{name:<17}' in printed for name in ('macro-F1', 'UAR', 'ECE'))


def test_ten_crop_of_a_test(trained, run_test, tmp_path):
    """As JSON, and as the host's pickle, which is left as it is."""
    printed = run_test('--tta', '--out', tmp_path / 'out.json')
    assert 'conditions       tiny, epoch 1, EMA weights, 10 views (TenCrop, AverageProbabilityTTA)\n' in printed
    content = json.loads((tmp_path / 'out.json').read_text())
    assert content['conditions'] == expected_conditions(
        trained, views=10, transform='TenCrop', merge='AverageProbabilityTTA')
    run_test('--tta', '--out', tmp_path / 'out.pkl')
    scores = np.array([[*row['probabilities'].values()] for row in content['predictions']])
    dumped = mmengine.load(tmp_path / 'out.pkl')
    np.testing.assert_allclose(scores, torch.stack([sample['pred_score'] for sample in dumped]), rtol=0, atol=1e-7)
    assert [sample['pred_label'].item() for sample in dumped] == scores.argmax(1).tolist()


def test_metrics_of_a_test(trained, run_test, tmp_path):
    run_test('--out', tmp_path / 'out.json', '--out-item', 'metrics', '--tta', '--cfg-options',
             'tta_model.type=AverageLogitTTA', 'test_dataloader.dataset.split=val')
    metrics = json.loads((tmp_path / 'out.json').read_text())
    assert metrics.pop('conditions') == expected_conditions(
        trained, views=10, transform='TenCrop', merge='AverageLogitTTA', split='val',
        dataset={'type': 'SyntheticFER', 'num_samples': 20, 'split': 'val'},
        cfg_options={'tta_model.type': 'AverageLogitTTA', 'test_dataloader.dataset.split': 'val'})
    assert np.sum(metrics['confusion_matrix/result']) == 20
    assert {'accuracy/top1', 'accuracy/ci95_low', 'calibration/ece', 'recall/happy'} <= set(metrics)


@pytest.mark.parametrize(('args', 'message'), [
    ([], 'predictions are written to .json, .csv, .pkl or .pickle'),
    (['--out-item', 'metrics'], 'metrics are written to .json, .yaml, .yml, .pkl, .pickle'),
])
def test_no_such_format_of_a_test(run_test, args, message):
    assert run_test('--out', 'out.txt', *args) == f'error: out.txt: {message}'
