"""The trained models in the package."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpretrain import ImageClassificationInferencer, get_model
from mmpretrain.apis import ModelHub

from emonext_mm.apis.hub import FOLDER, find_weights
from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.packaged import load_from_safetensors
from tests.helpers.record_pretrained import logits_of, record_of

ROOT = Path(__file__).parents[2]
NAMES = [name for name, model in ModelHub._models_dict.items() if str(model.weights).startswith(str(FOLDER))]


def meta_of(name):
    return load_from_safetensors(ModelHub.get(name).weights)['meta']


def test_each_file_has_its_model():
    assert {Path(ModelHub.get(name).weights) for name in NAMES} == set(FOLDER.glob('*.safetensors'))
    assert NAMES


@pytest.mark.parametrize('name', NAMES)
def test_recorded_logits(name):
    """Of drawn faces, when the file was made."""
    recorded = np.load(record_of(name))
    np.testing.assert_allclose(logits_of(name, recorded['faces']), recorded['logits'], rtol=0, atol=2e-4)
    assert np.ptp(recorded['logits'], axis=0).min() > 0.5  # the faces are not all alike to the model


@pytest.mark.parametrize('name', NAMES)
def test_size(name):
    path = find_weights(ROOT / f'configs/{name.replace("-", "_")}.py')
    assert path.stat().st_size <= 8e6
    assert meta_of(name)['figures']['parameters'] <= 4e6


@pytest.mark.parametrize('name', NAMES)
def test_card(name):
    meta = meta_of(name)
    assert meta['dataset_meta']['classes'] == list(CLASSES)
    assert {'commit', 'command', 'data', 'seed', 'trained', 'published'} == set(meta['provenance'])
    assert not meta['provenance']['commit'].endswith('-dirty')
    assert meta['figures']['conditions']['split'] == 'PublicTest'
    assert meta['figures']['conditions']['samples'] == 3589


@pytest.mark.parametrize('name', NAMES)
def test_temperature_is_applied_in_predict(name):
    model = get_model(name, pretrained=True).eval()
    face = np.load(record_of(name))['faces'][0]
    temperature = meta_of(name)['figures']['calibration']['temperature']
    assert float(model.head.temperature) == pytest.approx(temperature, rel=1e-3)
    with torch.no_grad():
        sample, = model.test_step(dict(inputs=torch.from_numpy(face[None, None]), data_samples=None))
    expected = torch.from_numpy(logits_of(name, face[None]) / temperature).softmax(1)[0]
    torch.testing.assert_close(sample.pred_score, expected, rtol=0, atol=1e-3)
    result, = ImageClassificationInferencer(name, device='cpu')(face[..., None].repeat(3, 2))
    np.testing.assert_allclose(result['pred_scores'], sample.pred_score, rtol=0, atol=1e-5)
