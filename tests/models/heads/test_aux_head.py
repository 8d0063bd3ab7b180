import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from emonext_mm.models import AuxClsHead


@pytest.fixture
def logits():
    return tuple(torch.randn(3, 4, 7, generator=torch.Generator().manual_seed(0)))


SAMPLES = [DataSample().set_gt_label(i) for i in range(4)]


def test_loss(logits):
    aux1, aux2, main = (F.cross_entropy(each, torch.arange(4)) for each in logits)
    losses = AuxClsHead().loss(logits, SAMPLES)
    assert set(losses) == {'loss', 'loss_aux1', 'loss_aux2'}
    torch.testing.assert_close(sum(losses.values()), main + 0.3 * (aux1 + aux2))


def test_weight(logits):
    losses = AuxClsHead(aux_weight=2.0).loss(logits, SAMPLES)
    torch.testing.assert_close(losses['loss_aux2'], 2 * F.cross_entropy(logits[1], torch.arange(4)))


def test_without_auxiliary_logits(logits):
    """MMPretrain's InceptionV3 hands over (None, logits)."""
    assert set(AuxClsHead().loss((None, logits[2]), SAMPLES)) == {'loss'}


def test_last_logits_are_the_prediction(logits):
    head = AuxClsHead()
    assert torch.equal(head(logits), logits[2])
    assert [int(each.pred_label) for each in head.predict(logits)] == logits[2].argmax(1).tolist()
