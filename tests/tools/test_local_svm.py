"""tools/local_svm.py from the command line, on drawn faces; tests/apis/test_local_learning.py tests what it writes."""
import numpy as np
import pytest
import torch
from mmengine.config import Config

from emonext_mm.datasets import SyntheticFER
from emonext_mm.emotions import CLASSES
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.utils.models import build_model
from tests.helpers.fer2013_files import Faces, write_fer2013
from tests.helpers.scripts import ROOT

CONFIG = ROOT / 'configs' / 'peers' / 'deepemotion_48_fer2013.py'
WORDS = ('--bovw', '--words', 20, 15, 10)


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    """70 drawn training faces; PrivateTest is seven new ones, and PublicTest seven of the training faces."""
    train, test = SyntheticFER(70, 'train').images, SyntheticFER(7, 'test').images
    splits = ['Training'] * 70 + ['PublicTest'] * 7 + ['PrivateTest'] * 7
    folder = tmp_path_factory.mktemp('fer2013')
    write_fer2013(folder, Faces(np.concatenate([train, train[:7], test]), [i % 7 for i in range(84)], splits))
    return folder


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('model') / 'it.pth'
    state = build_model(Config.fromfile(CONFIG)).state_dict()
    torch.save(dict(state_dict=state, meta=dict(dataset_meta=dict(classes=CLASSES))), path)
    return path


@pytest.mark.parametrize(('kinds', 'columns'), [('words', 240), ('model', 50), ('model words', 290)])
def test_a_training_face_has_itself_as_the_nearest(kinds, columns, call_tool, data_root, checkpoint, tmp_path, capfd):
    """With one neighbour, faces that are among the training faces are all recognised."""
    options = [*('--model', CONFIG, checkpoint) * ('model' in kinds), *WORDS * ('words' in kinds)]
    call_tool('local_svm.py', '--out', tmp_path / 'it.json', '--data-root', data_root, '--split', 'val',
              '--neighbours', 1, *options)
    assert f'100.00 % of 7 faces, {columns} columns' in capfd.readouterr().out.splitlines()[-1]
    found = read_predictions(tmp_path / 'it.json')
    assert np.array_equal(found.predicted, range(7))
    assert (found.conditions['split'], found.conditions['samples']) == ('PublicTest', 7)


def test_of_the_test_split_and_several_models(call_tool, data_root, checkpoint, tmp_path, capfd):
    call_tool('local_svm.py', '--out', tmp_path / 'it.csv', '--data-root', data_root, '--neighbours', 60, '--C', 0.5,
              *('--model', CONFIG, checkpoint) * 2, '--faces', 5, '--seed', 3)
    line = capfd.readouterr().out.splitlines()[-1]
    found = read_predictions(tmp_path / 'it.csv')
    assert len(found.labels) == 5
    assert f'{100 * np.mean(found.labels == found.predicted):.2f} % of 5 faces, 100 columns' in line
    assert str(tmp_path / 'it.csv') in line


@pytest.mark.parametrize(('options', 'named'), [
    ([], ['no features']),
    ((*WORDS, '--neighbours', 0), ['neighbours', '0']),
    ((*WORDS, '--C', -1.5), ['C', '-1.5']),
    ((*WORDS, '--faces', 0), ['faces', '0']),
    ((*WORDS, '--seed', -1), ['-1']),
    (('--bovw', '--words', 20, 0, 10), ['words', '0']),
    (('--bovw', '--words', 10_000, 15, 10), ['10000', '7000']),
    (('--model', 'no_such.py', 'it.pth'), ['no_such.py']),
    (('--model', CONFIG, 'no_such.pth'), ['no_such.pth']),
    (('--model', CONFIG, ROOT / 'docs'), [str(ROOT / 'docs'), 'checkpoint']),
    (('--model', CONFIG, CONFIG), [str(CONFIG)]),
])
def test_one_line_of_error(options, named, error_of, data_root, tmp_path):
    message = error_of('local_svm.py', '--out', tmp_path / 'it.json', '--data-root', data_root, *options)
    assert [word for word in named if word not in message] == []
    assert not (tmp_path / 'it.json').exists()


def test_wrong_file_to_write(error_of, data_root, tmp_path):
    assert 'it.txt' in error_of('local_svm.py', '--out', tmp_path / 'it.txt', '--data-root', data_root, *WORDS)


@pytest.mark.parametrize('options', [('--split', 'train'), ('--words', 20), ('--model', CONFIG)])
def test_refused_by_the_command_line(options, call_tool, capfd):
    with pytest.raises(SystemExit, match='2'):
        call_tool('local_svm.py', '--out', 'it.json', *options)
    assert options[0] in capfd.readouterr().err
