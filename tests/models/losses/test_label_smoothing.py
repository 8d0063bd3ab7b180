import pytest
import torch
from mmpretrain.models import LabelSmoothLoss
from mmpretrain.models.losses.utils import convert_to_one_hot
from mmpretrain.registry import MODELS
from torch.autograd import gradcheck

from emonext_mm.models import LabelSmoothingCrossEntropy

N, K = 6, 7


@pytest.fixture
def logits():
    generator = torch.Generator().manual_seed(0)
    return (3 * torch.randn(N, K, generator=generator, dtype=torch.float64)).requires_grad_()


@pytest.fixture(params=['indices', 'probabilities'])
def labels(request):
    if request.param == 'indices':
        return torch.tensor([0, 6, 3, 3, 1, 5])
    return torch.rand(N, K, generator=torch.Generator().manual_seed(1)).softmax(1)


def losses_by_formula(logits, labels, smoothing):
    """-sum_k t_k log(softmax(logits)_k) with t = (1 - smoothing) * label + smoothing / K."""
    targets = torch.eye(K, dtype=torch.float64)[labels] if labels.ndim == 1 else labels.double()
    targets = (1 - smoothing) * targets + smoothing / K
    log_probabilities = logits - logits.exp().sum(1, keepdim=True).log()
    return -(targets * log_probabilities).sum(1)


@pytest.mark.parametrize('smoothing', [0.0, 0.2, 0.9])
def test_formula(logits, labels, smoothing):
    expected = losses_by_formula(logits, labels, smoothing)
    loss = LabelSmoothingCrossEntropy(smoothing)
    torch.testing.assert_close(loss(logits, labels), expected.mean(), rtol=1e-12, atol=0)
    torch.testing.assert_close(loss(logits, labels, reduction_override='sum'), expected.sum(), rtol=1e-12, atol=0)
    torch.testing.assert_close(loss(logits, labels, reduction_override='none'), expected, rtol=1e-12, atol=0)


def test_weights_divisor_and_factor(logits, labels):
    """sum(weight * loss) / avg_factor * loss_weight; the divisor is N unless given."""
    expected = losses_by_formula(logits, labels, 0.2)
    weight = torch.tensor([0.0, 1, 2, 0.5, 1, 3], dtype=torch.float64)
    loss = LabelSmoothingCrossEntropy(0.2, loss_weight=3.0)
    torch.testing.assert_close(loss(logits, labels, weight), 3 * (weight * expected).sum() / N)
    torch.testing.assert_close(loss(logits, labels, weight, avg_factor=2.5), 3 * (weight * expected).sum() / 2.5)
    torch.testing.assert_close(loss(logits, labels, weight, reduction_override='none'), 3 * weight * expected)


@pytest.mark.parametrize('options', [{}, dict(weight=torch.arange(6.0)), dict(avg_factor=4),
                                     dict(reduction_override='sum')])
def test_equals_mmpretrain(logits, labels, options):
    """Loss and gradient of ``LabelSmoothLoss``, mode 'original', within 1e-6."""
    theirs = LabelSmoothLoss(0.2, num_classes=K, mode='original')(logits, labels, **options)
    ours = LabelSmoothingCrossEntropy(0.2)(logits, labels, **options)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    gradients = [torch.autograd.grad(loss, logits)[0] for loss in (ours, theirs)]
    assert gradients[0].abs().max() > 0.01
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-6)


def test_gradcheck(logits, labels):
    assert gradcheck(lambda logits: LabelSmoothingCrossEntropy(0.2)(logits, labels), logits)


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_computed_in_float32(logits, labels, dtype):
    logits = logits.detach().to(dtype)
    loss = LabelSmoothingCrossEntropy(0.2)(logits, labels)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), losses_by_formula(logits.double(), labels, 0.2).mean(), rtol=1e-6, atol=0)


def test_labels_are_not_read():
    """On the meta device, whose tensors hold no values; MMPretrain's loss reads the largest label."""
    logits, labels = torch.empty(N, K, device='meta'), torch.empty(N, dtype=torch.long, device='meta')
    assert LabelSmoothingCrossEntropy(0.2)(logits, labels).shape == ()
    with pytest.raises(RuntimeError):  # no longer raised: MMPretrain's loss would do
        convert_to_one_hot(labels[:, None], K)


def test_registered():
    loss = MODELS.build(dict(type='LabelSmoothingCrossEntropy', label_smoothing=0.1, loss_weight=2.0))
    assert (type(loss), loss.label_smoothing, loss.loss_weight) == (LabelSmoothingCrossEntropy, 0.1, 2.0)


@pytest.mark.parametrize('smoothing', [-0.1, 1.0])
def test_smoothing_out_of_range(smoothing):
    with pytest.raises(ValueError, match=rf'label_smoothing.*\b{abs(smoothing)}$'):
        LabelSmoothingCrossEntropy(smoothing)


def test_unknown_reduction(logits, labels):
    with pytest.raises(ValueError, match=r"reduction_override.*'none', 'mean', 'sum'.*'median'"):
        LabelSmoothingCrossEntropy()(logits, labels, reduction_override='median')


def test_label_out_of_range(logits):
    with pytest.raises((IndexError, RuntimeError), match=f'{K}'):
        LabelSmoothingCrossEntropy()(logits, torch.full((N,), K))
