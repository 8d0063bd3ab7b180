"""Prediction in PyTorch beside the exported model."""
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from skimage.data import astronaut

from emonext import Recognizer
from emonext.classifier import DEFAULT, OnnxClassifier
from emonext_mm.apis.hub import find_weights
from emonext_mm.apis.predict import TorchClassifier, build_recognizer
from tests.apis.test_export import save, small
from tests.helpers.documentation import load_tool
from tests.helpers.scripts import ROOT

CONFIG = ROOT / 'configs' / f'{DEFAULT}.py'


def test_answers_are_those_of_the_exported_model():
    faces = np.random.default_rng(0).integers(0, 256, (70, 1, 48, 48), np.uint8)
    ours = TorchClassifier(CONFIG, find_weights(CONFIG))
    exported = OnnxClassifier(threads=1)
    assert (ours.classes, ours.size, ours.channels, ours.crop) == (
        exported.classes, exported.size, exported.channels, exported.crop)
    np.testing.assert_allclose(ours(faces), exported(faces), rtol=0, atol=1e-5)
    assert ours(faces[:0]).shape == (0, 7)


def test_a_photograph():
    result, = build_recognizer(CONFIG, find_weights(CONFIG)).predict(astronaut())
    expected, = Recognizer(threads=1).predict(astronaut())
    assert result.faces[0].box == expected.faces[0].box
    assert result.faces[0].probabilities == pytest.approx(expected.faces[0].probabilities, abs=1e-5)


@pytest.fixture
def own(tmp_path):
    """A config and a checkpoint with three classes."""
    cfg = small('emonext_atto_synthetic')
    cfg.model.head.num_classes = cfg.data_preprocessor.num_classes = 3
    cfg.dump(tmp_path / 'own.py')
    save(cfg, tmp_path / 'own.pth')
    checkpoint = torch.load(tmp_path / 'own.pth', weights_only=True)
    checkpoint['meta']['dataset_meta']['classes'] = ('bored', 'curious', 'tired')
    torch.save(checkpoint, tmp_path / 'own.pth')
    return tmp_path / 'own.py', tmp_path / 'own.pth'


def test_own_classes(own, tmp_path):
    """The tool writes the probabilities of the classes of the checkpoint."""
    load_tool('tools/predict.py').main([
        *map(str, own), str(ROOT / 'resources' / 'synthetic_faces.png'), '--faces', 'none', '--json',
        str(tmp_path / 'out.json')])
    face, = json.loads((tmp_path / 'out.json').read_text())['faces']
    assert list(face['probabilities']) == ['bored', 'curious', 'tired']
    assert sum(face['probabilities'].values()) == pytest.approx(1)


def test_bad_files_end_with_status_1(own, tmp_path):
    (tmp_path / 'bad.png').write_text('no picture')
    with pytest.raises(SystemExit) as end:
        load_tool('tools/predict.py').main([*map(str, own), str(tmp_path / 'bad.png')])
    assert end.value.code == 1


def test_a_checkpoint_without_class_names(own, tmp_path):
    torch.save(dict(state_dict=torch.load(own[1], weights_only=True)['state_dict']), tmp_path / 'bare.pth')
    with pytest.raises(ValueError, match=r'bare\.pth.*dataset_meta'):
        TorchClassifier(Config.fromfile(own[0]), tmp_path / 'bare.pth')


def test_threads_are_those_of_pytorch(own, monkeypatch):
    given = []
    monkeypatch.setattr(torch, 'set_num_threads', given.append)
    face = str(ROOT / 'resources' / 'synthetic_faces.png')
    load_tool('tools/predict.py').main([*map(str, own), face, '--faces', 'none', '--threads', '3'])
    assert given == [3]
