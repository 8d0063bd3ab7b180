"""Compared with recorded outputs of the authors' code for the same weights, see ``tests/helpers/record_authors.py``."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.structures import DataSample

from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.authors import from_authors
from tests.helpers.models import build_on_meta
from tests.helpers.record_authors import LABELS, draw_images, draw_weights, read_recorded

CONFIGS = Path(__file__).parents[3] / 'configs'
ORDER = [sorted(CLASSES).index(name) for name in CLASSES]  # the authors' index of each of our classes


@pytest.fixture(scope='module')
def tiny():
    """The state dict of the authors' EmoNeXt-tiny."""
    return draw_weights('tiny')


@pytest.fixture(scope='module', params=['tiny', 'base'])
def converted(request):
    cfg = Config.fromfile(CONFIGS / f'emonext_{request.param}_fer2013_authors.py')
    cfg.model.backbone.update(init_cfg=None, drop_path_rate=0.0)
    model = build_on_meta(cfg)
    weights, size, _ = from_authors(draw_weights(request.param))
    assert size == request.param
    model.load_state_dict(weights, strict=True, assign=True)
    return model, read_recorded(size)['outputs']


@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_logits_and_loss_equal_the_authors(converted, mode):
    model, outputs = converted
    samples = [DataSample().set_gt_label(CLASSES.index(sorted(CLASSES)[label])) for label in LABELS]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train(mode == 'train')
    with torch.no_grad():
        data = model.data_preprocessor(dict(inputs=torch.from_numpy(draw_images()), data_samples=samples))
        features = model.extract_feat(data['inputs'])
        logits = model.head(features)
        losses = model.head.loss(features, data['data_samples'])
    model.load_state_dict(before)  # undo the update of the BatchNorm statistics
    torch.testing.assert_close(logits, torch.tensor(outputs[mode]['logits'])[:, ORDER], rtol=0, atol=1e-5)
    assert model.parse_losses(losses)[0].item() == pytest.approx(outputs[mode]['loss'], rel=0, abs=1e-5)
    assert losses['loss_sa'] > 1e-4  # large enough to be seen in the loss above


def test_average_is_preferred_to_raw_weights(tiny):
    raw = {name: torch.zeros_like(value) for name, value in tiny.items()}
    ema = {'initted': torch.tensor(True), 'step': torch.tensor(7),
           **{f'online_model.{name}': value for name, value in raw.items()},
           **{f'ema_model.{name}': value for name, value in tiny.items()}}
    expected, _, _ = from_authors(tiny)
    for checkpoint, kind in [
        (dict(model=raw, ema=ema, opt=dict(state={}), best_acc=1.0), 'EMA'),
        (ema, 'EMA'),
        (dict(model=tiny, opt={}), 'raw'),
        (tiny, 'unknown'),
    ]:
        weights, *described = from_authors(checkpoint)
        assert described == ['tiny', kind]
        assert weights.keys() == expected.keys()
        assert all(torch.equal(weights[key], expected[key]) for key in weights)


def test_classes_are_reordered(tiny):
    """Row k of the authors' classifier is the k-th class of the alphabet, row k of ours the k-th of FER2013."""
    bias = torch.arange(7.0)
    weights, _, _ = from_authors({**tiny, 'head.bias': bias})
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
def test_weights_of_another_model(tiny, change, message):
    weights = {key: value for key, value in {**tiny, **change}.items() if value is not None}
    with pytest.raises(ValueError, match=message):
        from_authors(weights)


def test_size_that_the_authors_do_not_have(tiny):
    weights = {key: value for key, value in tiny.items() if not key.startswith('stages.')}
    for stage, (blocks, channels) in enumerate(zip([2, 2, 6, 2], [40, 80, 160, 320])):
        weights.update({f'stages.{stage}.{block}.norm.weight': torch.zeros(channels) for block in range(blocks)})
    with pytest.raises(ValueError, match=r"the authors' EmoNeXt has the sizes tiny, .*, xlarge, not atto"):
        from_authors(weights)


@pytest.mark.parametrize('checkpoint', [{}, dict(model={}), dict(ema=dict(step=1)), dict(model=3)])
def test_checkpoint_without_weights(checkpoint):
    with pytest.raises(ValueError, match="not the weights of the authors' EmoNeXt"):
        from_authors(checkpoint)
