import io

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from emonext_mm.models import AdCorreClsHead
from emonext_mm.models.layers.correlation import (
    embedding_diversity,
    feature_discrimination,
    mean_discrimination,
    pair_weights,
)
from tests.helpers.models import count_parameters


def make(**options):
    torch.manual_seed(0)
    return AdCorreClsHead(7, 12, **dict(dict(num_embeddings=3, embedding_dims=5, window=8, dropout=0), **options))


def batch(count=6):
    generator = torch.Generator().manual_seed(1)
    return (torch.randn(count, 12, generator=generator), ), [DataSample().set_gt_label(i % 7) for i in range(count)]


@pytest.mark.parametrize(('number', 'parameters'), [(7, 3_671_808 + 12_551), (10, 5_245_440 + 17_927)])
def test_parameters(number, parameters):
    assert count_parameters(AdCorreClsHead(7, 2048, number)) == parameters


def test_embeddings_have_length_one():
    found = make().embed(batch()[0])
    assert found.shape == (6, 3, 5)
    torch.testing.assert_close(found.norm(dim=2), torch.ones(6, 3))


def test_embeddings_are_layers_of_their_own():
    """Embedding e is the linear layer of rows e * D to (e + 1) * D, and the logits those of all in a row."""
    head, (feats, _) = make(), batch()
    parts = [F.normalize(F.linear(feats[0], weight, bias)) for weight, bias in
             zip(head.embeddings.weight.chunk(3), head.embeddings.bias.chunk(3))]
    torch.testing.assert_close(head(feats), head.fc(torch.cat(parts, 1)))


def test_losses():
    head, (feats, samples) = make(fd_weight=2.0, md_weight=3.0, ed_weight=5.0), batch()
    labels = torch.arange(6)
    embeddings = head.embed(feats).transpose(0, 1)
    losses = head.loss(feats, samples)
    assert set(losses) == {'loss', 'loss_fd', 'loss_md', 'loss_ed'}
    torch.testing.assert_close(losses['loss'], 50 / 7 * F.cross_entropy(head(feats), labels))
    weights = pair_weights(labels, torch.zeros(7, 7))
    torch.testing.assert_close(losses['loss_fd'], 2 * feature_discrimination(embeddings, labels, weights))
    torch.testing.assert_close(losses['loss_md'], 3 * mean_discrimination(embeddings, labels, 7))
    torch.testing.assert_close(losses['loss_ed'], 5 * embedding_diversity(embeddings))


def test_released_code_has_cross_entropy_alone():
    head = make(fd_weight=0, md_weight=0, ed_weight=0, adaptive=False)
    assert set(head.loss(*batch())) == {'loss'}


def test_confusion_of_the_last_predictions():
    """A window of 8: the last 2 of the first batch, and the 6 of the second."""
    head, (feats, samples) = make(), batch()
    predicted = head(feats).argmax(1)
    head.loss(feats, samples)
    expected = torch.zeros(7, 7, dtype=torch.long)
    for label in range(6):
        expected[label, predicted[label]] += 1
    assert torch.equal(head.confusion(), expected)
    head.loss(feats, samples)
    for label in (4, 5):
        expected[label, predicted[label]] += 1
    assert torch.equal(head.confusion(), expected)
    head.eval()
    head.loss(feats, samples)
    assert torch.equal(head.confusion(), expected)


def test_predictions_of_all_processes(monkeypatch):
    """Labels 0 to 5 here, 6 in the other process; in the same order in both, and so in a mean over processes."""
    head, (feats, samples) = make(), batch()
    other = torch.tensor([[6, 2]])
    monkeypatch.setattr('emonext_mm.models.heads.ad_corre_head.all_gather', lambda pairs: [pairs, other])
    head.loss(feats, samples)
    expected = torch.stack([torch.arange(6), head(feats).argmax(1)], 1)
    assert torch.equal(head.recent, torch.cat([torch.full((1, 2), -1), expected, other]))


def train(head, optimizer, steps):
    """The losses of some steps, each on features of its own."""
    losses = []
    for step in steps:
        feats = torch.randn(6, 12, generator=torch.Generator().manual_seed(step))
        found = head.loss((feats, ), batch()[1])
        optimizer.zero_grad()
        sum(found.values()).backward()
        optimizer.step()
        losses.append({key: value.item() for key, value in found.items()})
    return losses


def test_a_resumed_training_has_the_losses_of_an_unbroken_one():
    """The window of 8 is full and has wrong predictions, so that FD would differ without it."""
    heads = [make(), make()]
    first, second = (torch.optim.Adam(head.parameters(), lr=0.05) for head in heads)
    unbroken = train(heads[0], first, range(6))
    assert train(heads[1], second, range(3)) == unbroken[:3]
    file = io.BytesIO()
    torch.save([heads[1].state_dict(), second.state_dict()], file)
    file.seek(0)
    resumed = make()
    optimizer = torch.optim.Adam(resumed.parameters(), lr=0.05)
    for part, state in zip((resumed, optimizer), torch.load(file, weights_only=True)):
        part.load_state_dict(state)
    wrong = resumed.recent[:, 0] != resumed.recent[:, 1]
    assert (resumed.recent[:, 0] >= 0).all()
    assert wrong.any()
    assert train(resumed, optimizer, range(3, 6)) == unbroken[3:]


def test_terms_in_float32_under_autocast():
    head, (feats, samples) = make(), batch()
    with torch.autocast('cpu', torch.bfloat16):
        losses = head.loss(feats, samples)
    assert {losses[key].dtype for key in ('loss_fd', 'loss_md', 'loss_ed')} == {torch.float32}
    for key in ('loss_fd', 'loss_md', 'loss_ed'):
        grads = torch.autograd.grad(losses[key], head.embeddings.weight, retain_graph=True)[0]
        assert grads.isfinite().all()
        assert grads.abs().max() > 0
