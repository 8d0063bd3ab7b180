"""Publishing a tiny model from Python."""
import json

import pytest
import torch
from safetensors import safe_open

from emonext_mm.apis import publish as module
from emonext_mm.apis.measure import measure
from emonext_mm.apis.publish import publish
from emonext_mm.apis.test import test as run_test

VAL = {'test_dataloader.dataset.split': 'val'}
OPTIONS = dict(command='python tools/train.py tiny.py', data='drawn faces')


@pytest.fixture(scope='module')
def published(config, trained, tmp_path_factory):
    out = tmp_path_factory.mktemp('published') / 'new' / 'tiny.safetensors'
    return publish(config, trained / 'epoch_2.pth', out, **OPTIONS)


def test_figures_are_those_of_the_file(published, config):
    found, recorded = measure(config, published.path).figures, published.meta['figures']
    assert recorded['conditions']['checkpoint'] == 'tiny.safetensors'
    found['conditions']['checkpoint'] = 'tiny.safetensors'
    assert found == recorded
    assert 'tiny.safetensors' in published.text


def test_metadata(published, config, trained):
    with safe_open(published.path, 'pt') as file:
        meta = json.loads(file.metadata()['emonext_mm'])
    assert meta == published.meta
    assert meta['dataset_meta']['classes'] == ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']
    assert meta['config'] == 'tiny'
    assert meta['epoch'] == 2
    assert meta['weights'] == 'EMA'
    assert meta['preprocessing']['type'] == 'STNDataPreprocessor'
    assert meta['provenance']['command'] == OPTIONS['command']
    assert meta['provenance']['data'] == 'drawn faces'
    assert meta['provenance']['commit'] == torch.load(trained / 'epoch_2.pth', weights_only=True)['meta']['commit']


def test_weights(published, trained):
    """Those of the checkpoint in float16, and the temperature that was fitted on the split."""
    weights = torch.load(trained / 'epoch_2.pth', weights_only=True)['state_dict']
    with safe_open(published.path, 'pt') as file:
        assert set(file.keys()) == set(weights)
        for key in weights:
            stored = file.get_tensor(key)
            if key == 'head.temperature':
                assert float(stored) == pytest.approx(published.meta['figures']['calibration']['temperature'], 1e-3)
            else:
                assert torch.equal(stored, weights[key].half() if weights[key].is_floating_point() else weights[key])


def test_tools_read_the_file(published, config, tmp_path):
    tested = run_test(config, published.path, tmp_path, cfg_options=VAL, draw=False)
    assert tested.metrics['accuracy/top1'] == published.meta['figures']['single_view']['accuracy']
    assert tested.conditions['epoch'] == 2
    assert tested.conditions['weights'] == published.meta['weights']


def test_accuracy_lost_in_float16(published, config, trained, tmp_path, monkeypatch):
    """Nothing is written."""
    figures = [{'single_view': {'accuracy': accuracy}, 'calibration': {'temperature': 1.2}, 'conditions': {}}
               for accuracy in (68.0, 67.85)]
    figures[0]['conditions'] = dict(config='tiny', epoch=2, weights='EMA')
    monkeypatch.setattr(module, 'measure', lambda *args, **kwargs: type('Found', (), {'figures': figures.pop(0)}))
    out = tmp_path / 'tiny.safetensors'
    with pytest.raises(ValueError, match=r'68\.00.*67\.85.*0\.1 '):
        publish(config, trained / 'epoch_2.pth', out, **OPTIONS)
    assert not out.exists()


@pytest.mark.parametrize(('part', 'key'), [('state_dict', 'head.temperature'), ('meta', 'dataset_meta'),
                                           ('meta', 'commit')])
def test_incomplete_checkpoint(config, trained, tmp_path, part, key):
    checkpoint = torch.load(trained / 'epoch_2.pth', weights_only=True)
    del checkpoint[part][key]
    torch.save(checkpoint, tmp_path / 'plain.pth')
    with pytest.raises(ValueError, match=rf'plain\.pth.*{key}'):
        publish(config, tmp_path / 'plain.pth', tmp_path / 'out.safetensors', **OPTIONS)


def test_bare_weights(config, trained, tmp_path):
    torch.save(torch.load(trained / 'epoch_2.pth', weights_only=True)['state_dict'], tmp_path / 'bare.pth')
    with pytest.raises(ValueError, match=r'bare\.pth.*head\.temperature'):
        publish(config, tmp_path / 'bare.pth', tmp_path / 'out.safetensors', **OPTIONS)


def test_published_model_again(published, config, tmp_path):
    with pytest.raises(ValueError, match=r'tiny\.safetensors'):
        publish(config, published.path, tmp_path / 'out.safetensors', **OPTIONS)


def test_weights_that_are_not_finite(config, trained, tmp_path):
    checkpoint = torch.load(trained / 'epoch_2.pth', weights_only=True)
    checkpoint['state_dict']['head.fc.weight'][0, 0] = float('nan')
    torch.save(checkpoint, tmp_path / 'nan.pth')
    with pytest.raises(ValueError, match=r'head\.fc\.weight'):
        publish(config, tmp_path / 'nan.pth', tmp_path / 'out.safetensors', **OPTIONS)


def test_folder_in_the_place_of_the_file(config, trained, tmp_path):
    (tmp_path / 'out.safetensors').mkdir()
    with pytest.raises(OSError, match=r'out\.safetensors'):
        publish(config, trained / 'epoch_2.pth', tmp_path / 'out.safetensors', **OPTIONS)


def test_commit_that_is_given(config, trained):
    _, meta = module._read(trained / 'epoch_2.pth', 'abc')
    assert meta['commit'] == 'abc'


def test_other_suffix(config, trained, tmp_path):
    with pytest.raises(ValueError, match=r'out\.pth.*\.safetensors'):
        publish(config, trained / 'epoch_2.pth', tmp_path / 'out.pth', **OPTIONS)
