import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from emonext_mm.engine.hooks import ForeachEMA
from emonext_mm.models import SARegClsHead
from emonext_mm.models.layers.self_attention import BatchAttentionVariance, ElementAttentionVariance

SMOOTH = dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.2)


def batch(n=6, channels=12):
    torch.manual_seed(0)
    return (torch.randn(n, channels), ), [DataSample().set_gt_label(i % 7) for i in range(n)]


@pytest.mark.parametrize(('attention', 'kind'), [
    (None, ElementAttentionVariance),
    (dict(type='ElementAttentionVariance'), ElementAttentionVariance),
    (dict(type='BatchAttentionVariance'), BatchAttentionVariance),
])
def test_attention_is_chosen_by_config(attention, kind):
    assert isinstance(SARegClsHead(7, 12, attention).attention, kind)


@pytest.mark.parametrize('attention', ['ElementAttentionVariance', 'BatchAttentionVariance'])
def test_loss_dict(attention):
    """Cross entropy with label smoothing; lambda times the variance; the variance itself."""
    head = SARegClsHead(7, 12, dict(type=attention), sa_weight=10.0, loss=SMOOTH)
    feats, samples = batch()
    losses = head.loss(feats, samples)
    labels = torch.tensor([i % 7 for i in range(6)])
    torch.testing.assert_close(losses['loss'], F.cross_entropy(head.fc(feats[-1]), labels, label_smoothing=0.2))
    torch.testing.assert_close(losses['loss_sa'], 10 * head.attention(feats[-1]))
    torch.testing.assert_close(losses['sa_variance'], head.attention(feats[-1]))
    assert set(losses) == {'loss', 'loss_sa', 'sa_variance'}
    assert not losses['sa_variance'].requires_grad


def test_logits_do_not_use_attention():
    head = SARegClsHead(7, 12)
    feats, _ = batch()
    before = head(feats)
    for p in head.attention.parameters():
        torch.nn.init.normal_(p)
    assert torch.equal(head(feats), before)
    torch.testing.assert_close(before, feats[-1] @ head.fc.weight.T + head.fc.bias)


def test_gradients_of_the_regulariser():
    head = SARegClsHead(7, 12)
    features = torch.randn(6, 12, requires_grad=True)
    head.loss((features, ), batch()[1])['loss_sa'].backward()
    assert features.grad.abs().sum() > 0
    assert all(p.grad.abs().sum() > 0 for p in head.attention.parameters())
    assert head.fc.weight.grad is None


def test_soft_labels():
    head = SARegClsHead(7, 12)
    feats, samples = batch()
    scores = torch.rand(6, 7).softmax(1)
    for sample, score in zip(samples, scores):
        sample.set_gt_score(score)
    torch.testing.assert_close(head.loss(feats, samples)['loss'], F.cross_entropy(head.fc(feats[-1]), scores))


def test_initial_standard_deviation():
    head = SARegClsHead(7, 256)
    head.init_weights()
    for layer in (head.fc, head.attention.query, head.attention.key):
        assert abs(layer.weight.std().item() - 0.02) < 0.003


def test_temperature_divides_the_logits_of_predictions_alone():
    head = SARegClsHead(7, 12, loss=SMOOTH)
    feats, samples = batch()
    before, logits = head.loss(feats, samples)['loss'], head(feats)
    head.temperature.fill_(2.5)
    scores = torch.stack([sample.pred_score for sample in head.predict(feats)])
    torch.testing.assert_close(scores, (logits / 2.5).softmax(1))
    assert torch.equal(head(feats), logits)
    assert torch.equal(head.loss(feats, samples)['loss'], before)


def test_training_ends_a_calibration():
    """Also in an average of the weights, which shares the buffers."""
    head = SARegClsHead(7, 12)
    head.temperature.fill_(2.5)
    average = ForeachEMA(head)
    head.eval().loss(*batch())  # a validation loss
    assert head.temperature == 2.5
    head.train().loss(*batch())
    average.update_parameters(head)
    assert head.temperature == average.module.temperature == 1


def test_weights_of_a_training_load_with_temperature_1():
    """Also with ``strict``; a temperature in the weights is loaded."""
    head, weights = SARegClsHead(7, 12), SARegClsHead(7, 12).state_dict()
    head.load_state_dict({**weights, 'temperature': torch.tensor(1.5)})
    assert head.temperature == 1.5
    del weights['temperature']
    fresh = SARegClsHead(7, 12)
    for model in (fresh, head):  # head had 1.5
        model.load_state_dict(weights)
        assert model.temperature == 1
    del weights['fc.bias']
    with pytest.raises(RuntimeError, match=r'Missing.*fc\.bias') as error:
        fresh.load_state_dict(weights)
    assert 'temperature' not in str(error.value)


def test_tokens_are_averaged():
    """Class and distillation token of a DeiT; the class token of an older ViT, beside its patches."""
    head = SARegClsHead(7, 12)
    one, other = torch.randn(2, 6, 12)
    assert torch.equal(head.pre_logits(((one, other), )), (one + other) / 2)
    assert torch.equal(head.pre_logits(([torch.randn(6, 12, 2, 2), one], )), one)
    assert torch.equal(head.pre_logits((other, one)), one)  # two stages


@pytest.mark.parametrize(('stage', 'told'), [
    (torch.zeros(6, 5, 12), r'\(6, 5, 12\).*\(N, 12\)'),
    (torch.zeros(6, 12, 2, 2), r'\(6, 12, 2, 2\).*GlobalAveragePooling'),
    (torch.zeros(6, 13), r'\(6, 13\)'),
    ((torch.zeros(6, 12, 2, 2), ), r'\(6, 12, 2, 2\)'),
])
def test_features_of_another_shape(stage, told):
    with pytest.raises(ValueError, match=told):
        SARegClsHead(7, 12).loss((stage, ), batch()[1])
