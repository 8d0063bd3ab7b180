"""Export of whole models, reduced in depth and width, against PyTorch."""
import json
import math

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmengine.config import Config

from emonext.classifier import DEFAULT, MODELS, OnnxClassifier
from emonext_mm.apis import export as module
from emonext_mm.apis.export import export, load_model
from emonext_mm.apis.hub import find_weights
from emonext_mm.apis.predict import TorchClassifier
from emonext_mm.datasets import SyntheticFER
from emonext_mm.emotions import CLASSES
from emonext_mm.evaluation.rounding import RoundingCost
from emonext_mm.utils.models import build_model
from tests.helpers.record_pretrained import record_of
from tests.helpers.scripts import ROOT

SMALL = dict(depths=[1] * 4, channels=[16] * 4)
FAMILIES = ('emonext_tiny_fer2013', 'emonext_mini_fer2013_48',
            *(pytest.param(name, marks=pytest.mark.slow) for name in (
                'emonext_tiny_fer2013_view', 'emonext_tiny_fer2013_authors', 'convnext_tiny_fer2013',
                'emonext_atto_fer2013_cpu', 'emonext_atto_synthetic')))


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
    write_checkpoint(model, path)
    return model.eval()


def write_checkpoint(model, path):
    torch.save(dict(meta=dict(dataset_meta=dict(classes=CLASSES), epoch=4), state_dict=model.state_dict()), path)


def round_weights(model):
    for value in model.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())


@torch.no_grad()
def predict(model, faces):
    """Probabilities (N, 7) by the host's own test step."""
    samples = model.test_step(dict(inputs=faces, data_samples=None))
    return torch.stack([sample.pred_score for sample in samples])


def run(path, faces, outputs=('probabilities', 'warped')):
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(list(outputs), {'faces': faces})


@pytest.fixture
def unconverted(monkeypatch):
    """An export makes no graph: the model itself answers, so that only what is around a graph is tested."""
    def convert(classifier, meta):
        def write(path, weights):
            path.write_bytes(b'')
            return lambda faces: classifier(faces)[0].detach()
        return write
    monkeypatch.setitem(module.CONVERTERS, '.onnx', convert)


@pytest.mark.parametrize('name', FAMILIES)
def test_families(name, tmp_path):
    """Probabilities are those of the host's predict, for each batch size, and move with theta."""
    cfg = small(name)
    model = save(cfg, tmp_path / 'it.pth')
    exported = export(cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx')
    assert exported.difference <= 1e-5
    meta = json.loads({prop.key: prop.value for prop in onnx.load(tmp_path / 'it.onnx').metadata_props}['emonext'])
    assert meta == exported.meta
    assert str(ROOT).encode() not in (tmp_path / 'it.onnx').read_bytes()  # no folder of this machine
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
    round_weights(model)
    faces = np.random.default_rng(0).integers(0, 256, (5, 1, 48, 48), np.uint8)
    np.testing.assert_allclose(run(half, faces)[0], predict(model, torch.from_numpy(faces)), rtol=0, atol=1e-5)


def test_rounding_without_data(tmp_path, unconverted):
    cfg = small('emonext_mini_fer2013_48')
    cfg.val_dataloader.dataset.data_root = str(tmp_path / 'none')
    save(cfg, tmp_path / 'it.pth')
    assert 'none' in export(cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx', half=True).rounding


def test_rounding_on_wrong_data(tmp_path, unconverted):
    """A face of three pixels: an error, and no file."""
    cfg = small('emonext_mini_fer2013_48')
    cfg.val_dataloader.dataset.data_root = str(tmp_path)
    (tmp_path / 'fer2013.csv').write_text('emotion,pixels,Usage\n0,1 2 3,PublicTest\n')
    save(cfg, tmp_path / 'it.pth')
    with pytest.raises(ValueError, match=r'fer2013\.csv'):
        export(cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx', half=True)
    assert not (tmp_path / 'it.onnx').exists()


def test_grey_data_without_a_step_to_grey(tmp_path):
    """As in the guide on one part: the model has seen grey faces alone."""
    cfg = small('emonext_atto_synthetic')
    cfg.test_dataloader.dataset.pipeline = [dict(type='PackInputs')]
    save(cfg, tmp_path / 'it.pth')
    assert TorchClassifier(cfg, tmp_path / 'it.pth').channels == 1


@pytest.mark.parametrize('to_rgb', [pytest.param(False, marks=pytest.mark.slow), True])
def test_colour(to_rgb, tmp_path):
    """The file takes RGB. Rounding is measured on images in colour, which the host loads as BGR.

    Each image's label is the answer of the model before rounding, which is hence right for all of them.
    """
    cfg = small('emonext_atto_synthetic')
    cfg.data_preprocessor.update(to_rgb=to_rgb, mean=[100, 130, 160], localization_size=None)
    model = save(cfg, tmp_path / 'it.pth', temperature=1)
    rgb = colour_faces(70)
    bgr = torch.from_numpy(rgb).flip(1)
    model.head.fc.bias.data -= predict(model, bgr).log().mean(0)  # each class is as likely as the others
    write_checkpoint(model, tmp_path / 'it.pth')
    labels = predict(model, bgr).argmax(1)
    assert (predict(model, bgr.flip(1)).argmax(1) != labels).sum() > 10  # the order of the channels matters
    for index, face in enumerate(bgr):
        cv2.imwrite(str(tmp_path / f'{index}.png'), face.permute(1, 2, 0).numpy())
    (tmp_path / 'labels.txt').write_text(''.join(f'{index}.png {label}\n' for index, label in enumerate(labels)))
    cfg.val_dataloader.dataset = dict(type='CustomDataset', data_root=str(tmp_path), ann_file='labels.txt')
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    exported = export(cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx', half=True)
    round_weights(model)
    rounded = predict(model, bgr)
    changed = int((rounded.argmax(1) != labels).sum())
    assert exported.rounding == RoundingCost(70, 100.0, 100 * (70 - changed) / 70, changed)
    np.testing.assert_allclose(run(tmp_path / 'it.onnx', rgb)[0], rounded, rtol=0, atol=1e-5)


def colour_faces(count):
    """Noise (count, 3, 48, 48) uint8 with a different brightness of each channel of each image."""
    generator = np.random.default_rng(0)
    most = generator.integers(20, 256, (count, 3, 1, 1))
    return (most * generator.random((count, 3, 48, 48))).astype(np.uint8)


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


@pytest.mark.parametrize('use', [lambda *files: export(*files, files[1].with_suffix('.onnx')), TorchClassifier])
def test_a_head_whose_scores_are_no_softmax(tmp_path, use):
    cfg = small('emonext_atto_synthetic')
    cfg.model.head = dict(type='MultiLabelLinearClsHead', num_classes=7, in_channels=16)
    save(cfg, tmp_path / 'it.pth')
    with pytest.raises(ValueError, match=r'MultiLabelLinearClsHead.* 0\.\d+'):
        use(cfg, tmp_path / 'it.pth')
    assert not (tmp_path / 'it.onnx').exists()


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


def rename(path, change):
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


@pytest.mark.parametrize('suffix', ['.onnx', '.pt2'])
@pytest.mark.parametrize(('change', 'told'), [
    (lambda c: c['meta'].pop('dataset_meta'), 'no dataset_meta'),
    (lambda c: c['meta'].update(dataset_meta=dict(classes=CLASSES[:6])), '6 class names .* 7 classes'),
])
def test_weights_without_the_names_of_their_classes(tmp_path, suffix, change, told):
    cfg = small('emonext_mini_fer2013_48')
    save(cfg, tmp_path / 'it.pth')
    rename(tmp_path / 'it.pth', change)
    with pytest.raises(ValueError, match=rf'it\.pth: {told}'):
        export(cfg, tmp_path / 'it.pth', tmp_path / f'it{suffix}')


@pytest.mark.parametrize('classes', [CLASSES, sorted(CLASSES)])
def test_cost_of_rounding_by_the_names_of_the_classes(tmp_path, unconverted, classes):
    """Whatever the order of the validation data is."""
    cfg = small('emonext_mini_fer2013_48')
    model = save(cfg, tmp_path / 'it.pth')
    cfg.val_dataloader.dataset = dict(type='SyntheticFER', num_samples=35, split='val', classes=classes)
    faces = torch.from_numpy(SyntheticFER(35, split='val').images)[:, None]
    hits = (predict(model, faces).argmax(1) == torch.arange(35) % 7).sum()
    exported = export(cfg, tmp_path / 'it.pth', tmp_path / 'it.onnx', half=True)
    assert exported.rounding.before == pytest.approx(100 * int(hits) / 35)
    assert exported.meta['classes'] == list(CLASSES)
