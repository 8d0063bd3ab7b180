"""Export of whole models, reduced in depth and width, against PyTorch."""
import json
import math

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmengine.config import Config

from emonext.classifier import DEFAULT, MODELS, OnnxClassifier
from emonext_mm.apis import export as module
from emonext_mm.apis.export import export, load_model, read_geometry
from emonext_mm.apis.hub import find_weights
from emonext_mm.emotions import CLASSES
from tests.helpers.models import build_model
from tests.helpers.record_pretrained import record_of
from tests.helpers.scripts import ROOT

SMALL = dict(depths=[1] * 4, channels=[16] * 4)
FAMILIES = ('emonext_tiny_fer2013', 'emonext_tiny_fer2013_view', 'emonext_tiny_fer2013_authors',
            'convnext_tiny_fer2013', 'emonext_atto_fer2013_cpu', 'emonext_mini_fer2013_48', 'emonext_atto_synthetic')


def small(name):
    cfg = Config.fromfile(ROOT / 'configs' / f'{name}.py')
    arch = cfg.model.backbone.arch
    if isinstance(arch, dict):
        cfg.model.backbone.arch = dict(depths=[1] * len(arch.depths), channels=[16] * len(arch.depths))
    else:
        cfg.model.backbone.arch = SMALL
    cfg.model.backbone.init_cfg = None
    cfg.model.head.in_channels = 16
    return cfg


def save(cfg, path, temperature=1.3):
    """Random weights with which different faces get different answers, and an STN that warps."""
    torch.manual_seed(0)
    model = build_model(cfg)
    for name, parameter in model.named_parameters():
        if 'localization' not in name:
            torch.nn.init.normal_(parameter, std=0.2)
    if getattr(model.data_preprocessor, 'localization', None) is not None:
        torch.nn.init.normal_(model.data_preprocessor.localization.regressor[-1].weight, std=0.05)
    if hasattr(model.head, 'temperature'):
        model.head.temperature.fill_(temperature)
    torch.save(dict(meta=dict(dataset_meta=dict(classes=CLASSES), epoch=4), state_dict=model.state_dict()), path)
    return model.eval()


@torch.no_grad()
def predict(model, faces):
    """Probabilities (N, 7) by the host's own test step."""
    samples = model.test_step(dict(inputs=faces, data_samples=None))
    return torch.stack([sample.pred_score for sample in samples])


def run(path, faces, outputs=('probabilities', 'warped')):
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(list(outputs), {'faces': faces})


@pytest.mark.parametrize('name', FAMILIES)
def test_families(name, tmp_path):
    """Probabilities are those of the host's predict, for each batch size, and move with theta."""
    cfg = small(name)
    model = save(cfg, tmp_path / 'it.pth')
    exported = export(cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx')
    assert exported.difference <= 1e-5
    meta = json.loads({prop.key: prop.value for prop in onnx.load(tmp_path / 'it.onnx').metadata_props}['emonext'])
    assert meta == exported.meta
    assert (meta['classes'], meta['epoch'], meta['channels']) == (list(CLASSES), 4, 1)
    generator = np.random.default_rng(0)
    for count in (1, 3, 6):
        faces = generator.integers(0, 256, (count, 1, meta['size'], meta['size']), np.uint8)
        expected = predict(model, torch.from_numpy(faces))
        probabilities, warped = run(tmp_path / 'it.onnx', faces)
        np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
    localization = getattr(model.data_preprocessor, 'localization', None)
    if localization is None:
        assert warped.shape == (6, 0, 0, 0)
        return
    shown = model.data_preprocessor(dict(inputs=torch.from_numpy(faces)))['inputs'][:, :1]
    mean, std = (getattr(model.data_preprocessor, key).flatten()[0] for key in ('mean', 'std'))
    np.testing.assert_allclose(warped, (shown * std + mean).detach(), rtol=0, atol=0.51)
    torch.nn.init.zeros_(localization.regressor[-1].weight)
    localization.regressor[-1].bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0]))  # the identity
    assert np.abs(predict(model, torch.from_numpy(faces)).numpy() - probabilities).max() > 1e-4


def test_half_weights(tmp_path):
    """The rounded weights, computed in float32; half of the size."""
    cfg = small('emonext_atto_synthetic')
    cfg.val_dataloader.dataset.num_samples = 70
    model = save(cfg, tmp_path / 'it.pth')
    exported = export(cfg, tmp_path / 'it.pth', tmp_path / 'half.onnx', half=True)
    half = exported.path
    assert exported.rounding.samples == 70
    assert exported.rounding.changed <= 3
    stored = {tensor.data_type: 0 for tensor in onnx.load(half).graph.initializer}
    for tensor in onnx.load(half).graph.initializer:
        stored[tensor.data_type] += math.prod(tensor.dims)
    assert stored[onnx.TensorProto.FLOAT16] > 0.8 * sum(value.numel() for value in model.parameters())
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())
    faces = np.random.default_rng(0).integers(0, 256, (5, 1, 48, 48), np.uint8)
    np.testing.assert_allclose(run(half, faces)[0], predict(model, torch.from_numpy(faces)), rtol=0, atol=1e-5)


def test_rounding_without_data(tmp_path):
    cfg = small('emonext_mini_fer2013_48')
    cfg.val_dataloader.dataset.data_root = str(tmp_path / 'none')
    save(cfg, tmp_path / 'it.pth')
    assert 'none' in export(cfg, tmp_path / 'it.pth', tmp_path / 'it.pt2', half=True).rounding


def test_program_of_torch_export(tmp_path):
    cfg = small('emonext_mini_fer2013_48')
    model = save(cfg, tmp_path / 'it.pth')
    export(cfg, tmp_path / 'it.pth', tmp_path / 'it.pt2')
    faces = torch.randint(256, (4, 1, 48, 48), dtype=torch.uint8)
    files = {'emonext.json': ''}
    found = torch.export.load(tmp_path / 'it.pt2', extra_files=files).module()(faces)[0]
    torch.testing.assert_close(found, predict(model, faces), rtol=0, atol=1e-5)
    assert json.loads(files['emonext.json'])['classes'] == list(CLASSES)


def test_a_graph_that_differs_is_not_written(tmp_path, monkeypatch):
    cfg = small('emonext_mini_fer2013_48')
    save(cfg, tmp_path / 'it.pth')
    monkeypatch.setitem(module.CONVERTERS, '.onnx', lambda classifier, meta: lambda path, weights: (
        lambda faces: torch.full((len(faces), 7), float('nan'))))
    with pytest.raises(ValueError, match=r'it\.onnx.*nan'):
        export(cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx')
    assert not (tmp_path / 'it.onnx').exists()


@pytest.mark.parametrize(('pipeline', 'size', 'channels', 'crop'), [
    ([dict(type='ToGrey'), dict(type='PackInputs')], 48, 1, 1),
    ([dict(type='LoadImageFromFile'), dict(type='Resize', scale=(236, 236)), dict(type='CenterCrop', crop_size=224),
      dict(type='PackInputs')], 224, 3, 224 / 236)])
def test_geometry(pipeline, size, channels, crop):
    assert read_geometry(pipeline) == dict(size=size, channels=channels, crop=crop)


@pytest.mark.parametrize(('step', 'words'), [(dict(type='RandomFlip'), 'RandomFlip'),
                                             (dict(type='Resize', scale=(40, 60)), '40, 60')])
def test_pipelines_that_are_not_exported(step, words):
    with pytest.raises(ValueError, match=words):
        read_geometry([step])


def test_other_suffix(tmp_path):
    with pytest.raises(ValueError, match=r'it\.pth.*\.onnx'):
        export(small('emonext_mini_fer2013_48'), tmp_path / 'it.pth', tmp_path / 'it.pth')


def values_of(array):
    """The sorted values of an array, whose layout an export may change."""
    return np.sort(array.astype(np.float32), axis=None).tobytes()


def test_shipped_file_is_the_shipped_model():
    """Its weights are those of the trained model, bit by bit after rounding; so are its figures, and its answers."""
    config = ROOT / 'configs' / f'{DEFAULT}.py'
    model, meta = load_model(Config.fromfile(config), find_weights(config), half=True)
    file = onnx.load(MODELS / f'{DEFAULT}.onnx')
    stored = {values_of(onnx.numpy_helper.to_array(tensor)) for tensor in file.graph.initializer}
    # The norms of the localisation net are folded into its convolutions.
    missing = [name for name, value in model.state_dict().items() if 'localization' not in name and value.numel() >= 64
               and values_of(value.numpy()) not in stored]
    assert all(name.startswith('head.attention') for name in missing), missing  # the regulariser, not part of a graph
    classifier = OnnxClassifier(threads=1)
    assert {key: classifier.meta[key] for key in meta} == meta
    faces = np.load(record_of('emonext-mini_fer2013_48'))['faces'][:, None]
    np.testing.assert_allclose(classifier(faces), predict(model.eval(), torch.from_numpy(faces)), rtol=0, atol=1e-5)
