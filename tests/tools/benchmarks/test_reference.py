import sys
from types import ModuleType

import pytest
import torch
from PIL import Image
from torch.backends import cudnn

from emonext_mm.utils.errors import one_line_errors


@pytest.fixture
def load(script):
    return script('_reference').Reference


def calls(folder):
    return (folder / 'calls.txt').read_text().splitlines()


def test_runs_the_loop_of_the_checkout(load, reference, capsys):
    batch = torch.rand(2, 3, 8, 8), torch.tensor([0, 1])
    run = load(reference).epoch('tiny', [batch] * 3, amp=False)
    run()
    run()
    assert calls(reference) == ['step (2, 3, 8, 8) amp=False deterministic=True'] * 6
    assert capsys.readouterr().out == ''


def test_trains_the_model_of_the_checkout(load, reference, monkeypatch):
    found = load(reference)
    model = found.model('tiny')
    assert type(model).__name__ == 'Net'
    monkeypatch.setattr(found, 'model', lambda size: model)
    before = model.fc.weight.clone()
    found.epoch('tiny', [(torch.rand(2, 3, 8, 8), torch.tensor([0, 1]))], amp=True)()
    assert not torch.equal(model.fc.weight, before)


def test_transform_of_the_script(load, reference):
    transform = load(reference).train_transform()
    assert transform(Image.new('L', (48, 48))).shape == (1, 8, 8)
    assert calls(reference) == ['transform']


def test_leaves_the_process_unchanged(load, reference, monkeypatch):
    own = ModuleType('models')
    monkeypatch.setitem(sys.modules, 'models', own)
    monkeypatch.delitem(sys.modules, 'wandb', raising=False)
    monkeypatch.setattr(cudnn, 'benchmark', True)
    monkeypatch.setattr(cudnn, 'deterministic', False)
    path = list(sys.path)
    run = load(reference).epoch('tiny', [(torch.rand(2, 3, 8, 8), torch.tensor([0, 1]))], amp=False)
    run()
    assert sys.modules['models'] is own
    assert not {'train', 'scheduler', 'wandb'} & set(sys.modules)
    assert sys.path == path
    assert (cudnn.benchmark, cudnn.deterministic) == (True, False)


@pytest.mark.parametrize('name', ['models.py', 'train.py'])
def test_another_folder_is_one_line(load, reference, name):
    (reference / name).unlink()
    with pytest.raises(SystemExit, match=f'^error: .*reference .*{name}$'), one_line_errors():
        load(reference)


def test_names_a_missing_package(load, reference):
    (reference / 'models.py').write_text('import no_such_package')
    with pytest.raises(ImportError, match=r"needs no_such_package: pip install -e '\.\[bench\]'"):
        load(reference)


def test_unknown_size(load, reference):
    with pytest.raises(ValueError, match=r"'atto'.* tiny, small, base, large, xlarge"):
        load(reference).model('atto')


def test_script_without_a_transform(load, reference):
    script = reference / 'train.py'
    script.write_text(script.read_text().replace('train_transform', 'transform'))
    with pytest.raises(ValueError, match=r'train\.py .*train_transform'):
        load(reference).train_transform()
