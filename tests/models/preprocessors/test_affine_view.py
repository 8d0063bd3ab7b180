import math
import re

import pytest
import torch

from emonext_mm.models import AffineView

CPU = torch.device('cpu')
FULL = dict(size=224, resize=236, degrees=20, flip=0.5, zoom=(0.8, 1.25))


def parts(theta):
    """Decompose maps into scale, angle in degrees, mirrored or not, and shift before rotation."""
    linear, shift = theta[:, :, :2].double(), theta[:, :, 2:].double()
    mirrored = torch.det(linear) < 0
    mirror = torch.diag_embed(torch.stack([1.0 - 2.0 * mirrored, torch.ones(len(theta))], 1)).double()
    scale = torch.det(linear).abs().sqrt()
    rotation = mirror @ linear / scale[:, None, None]
    identity = torch.eye(2).double().expand(len(theta), 2, 2)
    torch.testing.assert_close(rotation @ rotation.mT, identity, atol=1e-5, rtol=0)
    angle = torch.rad2deg(torch.atan2(rotation[:, 1, 0], rotation[:, 0, 0]))
    return scale, angle, mirrored, (rotation.mT @ mirror @ shift).squeeze(2)


def test_centre():
    share = 224 / 236
    expected = torch.tensor([[share, 0, 0], [0, share, 0]]).expand(3, 2, 3)
    torch.testing.assert_close(AffineView(**FULL).centre(3, CPU), expected)


def test_draws_are_the_identity_by_default():
    torch.testing.assert_close(AffineView(48).draw(2, CPU), torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(2, 2, 3))


def test_draws_are_uniform_over_their_ranges():
    torch.manual_seed(0)
    scale, angle, mirrored, shift = parts(AffineView(**FULL).draw(20000, CPU))
    margin = 12 / 236  # the crop stays inside the image
    for values, low, high in [(angle, -20, 20), (shift[:, 0], -margin, margin), (shift[:, 1], -margin, margin),
                              ((scale * 236 / 224).log(), math.log(0.8), math.log(1.25))]:
        share = (values - low) / (high - low)
        assert -1e-4 < share.min() < 0.01
        assert 0.99 < share.max() < 1 + 1e-4
        # three standard errors of mean and standard deviation of a uniform distribution
        assert share.mean() == pytest.approx(0.5, abs=0.007)
        assert share.std() == pytest.approx(12 ** -0.5, abs=0.004)
    assert mirrored.double().mean() == pytest.approx(0.5, abs=0.011)
    correlations = torch.corrcoef(torch.stack([scale, angle, mirrored.double(), *shift.T]))
    assert (correlations - torch.eye(5)).abs().max() < 0.03


def test_shift_in_pixels():
    _, _, _, shift = parts(AffineView(48, shift=4).draw(5000, CPU))
    assert 0.99 < shift.abs().max() / (2 * 4 / 48) < 1 + 1e-5


def test_same_seed_same_views():
    first, same = (AffineView(**FULL).draw(4, CPU, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(first, same)
    torch.manual_seed(7)
    assert torch.equal(AffineView(**FULL).draw(4, CPU), first)  # from torch's own generator
    assert not torch.equal(AffineView(**FULL).draw(4, CPU), first)


@pytest.mark.parametrize(('name', 'value'), [
    ('size', 0), ('resize', 223), ('shift', -1), ('degrees', 181), ('flip', 1.5), ('zoom', (0, 1)), ('zoom', (2, 1)),
])
def test_out_of_range(name, value):
    with pytest.raises(ValueError, match=re.escape(f'{name} is {value!r},')):
        AffineView(**{'size': 224, name: value})
