"""Against what the authors' code computed with the same weights, see ``tests/helpers/record_authors.py``."""
import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.structures import DataSample

from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.authors import from_released
from tests.helpers.models import build_model
from tests.helpers.record_authors import FILE, LABELS, draw_images, draw_weight

CONFIGS = Path(__file__).parents[3] / 'configs'
RECORDED = json.loads(FILE.read_text())
ORDER = [sorted(CLASSES).index(name) for name in CLASSES]  # of theirs, in ours


def theirs(size='tiny'):
    """A state dict of theirs, as it was when the outputs were recorded."""
    return {name: draw_weight(name, tuple(shape)) for name, shape in RECORDED[size]['shapes'].items()}


@pytest.fixture(scope='module')
def tiny():
    return theirs()


@pytest.fixture(scope='module', params=['tiny', 'base'])
def converted(request):
    cfg = Config.fromfile(CONFIGS / f'emonext_{request.param}_fer2013_released.py')
    cfg.model.backbone.update(init_cfg=None, drop_path_rate=0.0)
    model = build_model(cfg)
    weights, size, _ = from_released(theirs(request.param))
    assert size == request.param
    model.load_state_dict(weights, strict=True)
    return model, RECORDED[size]['outputs']


@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_logits_and_loss_are_theirs(converted, mode):
    model, outputs = converted
    samples = [DataSample().set_gt_label(CLASSES.index(sorted(CLASSES)[label])) for label in LABELS]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train(mode == 'train')
    with torch.no_grad():
        data = model.data_preprocessor(dict(inputs=torch.from_numpy(draw_images()), data_samples=samples))
        features = model.extract_feat(data['inputs'])
        logits = model.head(features)
        losses = model.head.loss(features, data['data_samples'])
    model.load_state_dict(before)  # BatchNorm has counted
    torch.testing.assert_close(logits, torch.tensor(outputs[mode]['logits'])[:, ORDER], rtol=0, atol=1e-5)
    assert model.parse_losses(losses)[0].item() == pytest.approx(outputs[mode]['loss'], rel=0, abs=1e-5)
    assert losses['loss_sa'] > 1e-4  # so that the loss above would tell


def test_average_goes_first(tiny):
    raw = {name: torch.zeros_like(value) for name, value in tiny.items()}
    ema = {'initted': torch.tensor(True), 'step': torch.tensor(7),
           **{f'online_model.{name}': value for name, value in raw.items()},
           **{f'ema_model.{name}': value for name, value in tiny.items()}}
    expected, _, _ = from_released(tiny)
    for checkpoint, weights, which in [
        (dict(model=raw, ema=ema, opt=dict(state={}), best_acc=1.0), expected, 'EMA'),
        (ema, expected, 'EMA'),
        (dict(model=tiny, opt={}), expected, 'raw'),
        (tiny, expected, 'unknown'),
    ]:
        got, size, said = from_released(checkpoint)
        assert (size, said) == ('tiny', which)
        assert got.keys() == weights.keys()
        assert all(torch.equal(got[key], weights[key]) for key in got)


def test_classes_by_name(tiny):
    """Row k of theirs is the k-th name of the alphabet, row k of ours the k-th of FER2013."""
    bias = torch.arange(7.0)
    weights, _, _ = from_released({**tiny, 'head.bias': bias})
    alphabet = ['angry', 'disgust', 'fear', 'happy', 'neutral', 'sad', 'surprise']
    assert [alphabet[int(k)] for k in weights['head.fc.bias']] == [
        'angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']


@pytest.mark.parametrize(('change', 'message'), [
    (dict(more=torch.zeros(1)), r"not the weights of the authors' EmoNeXt: 1 unexpected \(more\)"),
    ({'fc_loc.0.bias': None}, r"EmoNeXt-tiny for seven classes: 1 missing \(data_preprocessor.*regressor.0.bias\)"),
    ({'stages.3.2.gamma': torch.zeros(5)}, r'1 of another shape \(backbone.stages.3.2.gamma\)'),
    ({'head.weight': torch.zeros(8, 768), 'head.bias': torch.zeros(8)},
     r'for seven classes: 2 of another shape \(head.fc.weight, head.fc.bias\)'),
    ({'stages.0.0.norm.weight': torch.zeros(97)},
     r'no size of ConvNeXt has \[3, 3, 9, 3\] blocks of \[97, 192, 384, 768\] channels'),
])
def test_another_model(tiny, change, message):
    weights = {key: value for key, value in {**tiny, **change}.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        from_released(weights)


def test_size_of_nobody(tiny):
    """One of the host's ConvNeXts, but none of theirs."""
    weights = {key: value for key, value in tiny.items() if not key.startswith('stages.')}
    for stage, (blocks, channels) in enumerate(zip([2, 2, 6, 2], [40, 80, 160, 320])):
        weights.update({f'stages.{stage}.{block}.norm.weight': torch.zeros(channels) for block in range(blocks)})
    with pytest.raises(ValueError, match=r"the authors' EmoNeXt has the sizes tiny, .*, xlarge, not atto"):
        from_released(weights)


@pytest.mark.parametrize('checkpoint', [{}, dict(model={}), dict(ema=dict(step=1)), dict(model=3)])
def test_nothing(checkpoint):
    with pytest.raises(ValueError, match="not the weights of the authors' EmoNeXt"):
        from_released(checkpoint)
