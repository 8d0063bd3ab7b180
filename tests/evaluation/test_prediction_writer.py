"""Predictions of a test in a file, and read from it again."""
import csv
import json
from unittest.mock import MagicMock

import pytest
import torch
from mmengine.dataset import ConcatDataset, DefaultSampler, RepeatDataset
from mmpretrain.structures import DataSample
from torch.utils.data import DataLoader

from emonext_mm.datasets import SyntheticFER
from emonext_mm.emotions import CLASSES
from emonext_mm.evaluation import PredictionFile
from emonext_mm.evaluation.predictions import read_predictions

CONDITIONS = {'config': 'it', 'epoch': 3}
SCORES = torch.tensor([[0.5, 0.25, 0.125, 0.125, 0, 0, 0], [0, 0, 0, 0, 0.25, 0, 0.75], [0, 0, 0, 1, 0, 0, 0]])


def gather(path, samples, size=None):
    file = PredictionFile(path)
    file.process(None, [sample.to_dict() for sample in samples])
    assert file.evaluate(size or len(samples)) == {}
    return file


def samples_of(scores, labels=(0, 1, 2), indices=(0, 1, 2)):
    samples = []
    for score, label, index in zip(scores, labels, indices):
        sample = DataSample(metainfo={} if index is None else dict(sample_idx=index)).set_pred_score(score)
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


@pytest.mark.parametrize('name', ['out.json', 'out.csv'])
def test_classes_with_the_names_of_columns(name, tmp_path):
    """As in the detection of lies, true and false."""
    dataset = SyntheticFER(3, 'val')
    dataset._metainfo['classes'] = ('true', 'predicted', 'sample_id')
    scores = torch.tensor([[0.5, 0.25, 0.25], [0, 0, 1], [0.25, 0.75, 0]])
    gather(tmp_path / name, samples_of(scores, (0, None, 2))).write(dataset, CONDITIONS)
    found = read_predictions(tmp_path / name)
    assert (found.classes, found.ids) == (('true', 'predicted', 'sample_id'), ('val_0', 'val_1', 'val_2'))
    assert (found.labels.tolist(), found.predicted.tolist()) == ([0, -1, 2], [0, 2, 1])
    assert found.probabilities.tolist() == scores.tolist()


@pytest.mark.parametrize('name', ['out.txt', 'out'])
def test_no_such_format(name):
    with pytest.raises(ValueError, match=rf'{name}: .*\.json, \.csv, \.pkl or \.pickle'):
        PredictionFile(name)


@pytest.mark.parametrize('indices', [(None, None, None), (0, 1, 1), (0, 1, 3)])
def test_samples_without_their_index(indices, tmp_path):
    file = gather(tmp_path / 'out.json', samples_of(SCORES, indices=indices))
    with pytest.raises(ValueError, match='sample_idx'):
        file.write(SyntheticFER(3), CONDITIONS)
    assert not list(tmp_path.iterdir())


def test_unlabelled_and_shuffled(tmp_path):
    file = gather(tmp_path / 'out.json', samples_of(SCORES, (None, ) * 3, indices=(2, 0, 1)))
    file.write(SyntheticFER(3, 'test'), CONDITIONS)
    rows = json.loads((tmp_path / 'out.json').read_text())['predictions']
    assert [(row['sample_id'], row['true']) for row in rows] == [('test_2', None), ('test_0', None), ('test_1', None)]


def test_padding_is_dropped(tmp_path):
    gather(tmp_path / 'out.json', samples_of(SCORES, indices=(0, 1, 0)), size=2).write(SyntheticFER(2), CONDITIONS)
    assert len(json.loads((tmp_path / 'out.json').read_text())['predictions']) == 2


@pytest.mark.parametrize('name', ['out.json', 'out.csv'])
def test_what_is_written_is_read(name, tmp_path):
    file = gather(tmp_path / name, samples_of(SCORES, (0, None, 2), indices=(2, 0, 1)))
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


def test_csv_with_the_byte_order_mark_and_line_ends_of_a_spreadsheet(tmp_path):
    gather(tmp_path / 'out.csv', samples_of(SCORES)).write(SyntheticFER(3), CONDITIONS)
    text = (tmp_path / 'out.csv').read_text().replace('\n', '\r\n')
    (tmp_path / 'out.csv').write_bytes(b'\xef\xbb\xbf' + text.encode())
    assert read_predictions(tmp_path / 'out.csv').ids == ('train_0', 'train_1', 'train_2')


PIPELINE = [dict(type='PackInputs')]
WRAPPED = {  # data sets whose samples carry their index in a part, and the names of their samples
    'two parts': (lambda: ConcatDataset([SyntheticFER(1, 'val', pipeline=PIPELINE),
                                         SyntheticFER(2, 'test', pipeline=PIPELINE)]), ['val_0', 'test_0', 'test_1']),
    'one twice': (lambda: ConcatDataset([SyntheticFER(2, 'val', pipeline=PIPELINE),
                                         SyntheticFER(1, 'val', pipeline=PIPELINE)]), ['val_0@0', 'val_1', 'val_0@2']),
    'repeated': (lambda: RepeatDataset(SyntheticFER(1, pipeline=PIPELINE), 3), ['train_0@0', 'train_0@1', 'train_0@2']),
}


@pytest.mark.parametrize('name', WRAPPED)
def test_parts_number_their_samples_from_0(name, tmp_path):
    make, names = WRAPPED[name]
    dataset, path = make(), tmp_path / 'out.json'
    carried = [dataset[i]['data_samples'].sample_idx for i in range(3)]
    assert carried != [0, 1, 2]
    labels = [int(dataset[i]['data_samples'].gt_label) for i in range(3)]
    file = gather(path, samples_of(SCORES, labels, carried))
    file.check(DataLoader(dataset, sampler=DefaultSampler(dataset, shuffle=False)))
    file.write(dataset, CONDITIONS)
    found = read_predictions(path)
    assert list(found.ids) == names
    assert found.labels.tolist() == labels
    torch.testing.assert_close(torch.from_numpy(found.probabilities).float(), SCORES)


def test_parts_in_another_order(tmp_path):
    dataset = WRAPPED['two parts'][0]()
    with pytest.raises(ValueError, match=r'ConcatDataset.*shuffle=False'):
        PredictionFile(tmp_path / 'it.json').check(DataLoader(dataset, sampler=DefaultSampler(dataset)))
    with pytest.raises(ValueError, match='sample_idx'):
        gather(tmp_path / 'it.json', samples_of(SCORES, indices=(1, 0, 0))).write(dataset, CONDITIONS)


def test_shuffled_samples_with_their_index(tmp_path):
    dataset = SyntheticFER(3, pipeline=PIPELINE)
    PredictionFile(tmp_path / 'it.json').check(DataLoader(dataset, sampler=DefaultSampler(dataset)))


def test_packed_without_the_index(tmp_path):
    dataset = SyntheticFER(3, pipeline=[dict(type='PackInputs', meta_keys=())])
    with pytest.raises(ValueError, match='sample_idx'):
        PredictionFile(tmp_path / 'it.json').check(DataLoader(dataset))
