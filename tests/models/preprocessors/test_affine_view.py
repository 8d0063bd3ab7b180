import math

import pytest
import torch
from mmengine.logging import MessageHub

from emonext_mm.models import AffineView

CPU = torch.device('cpu')
FULL = dict(size=224, resize=236, degrees=20, flip=0.5, zoom=(0.8, 1.25))


@pytest.fixture(autouse=True)
def no_iteration():
    """Of a training that another test ran in this process."""
    hub = MessageHub.get_current_instance()
    iteration = hub.runtime_info.pop('iter', None)
    yield
    hub.runtime_info.pop('iter', None)
    if iteration is not None:
        hub.update_info('iter', iteration)


def parts(theta):
    """Scale, angle in degrees, whether mirrored, and the shift before the turn, of each map."""
    linear, shift = theta[:, :, :2].double(), theta[:, :, 2:].double()
    mirrored = torch.det(linear) < 0
    mirror = torch.diag_embed(torch.stack([1.0 - 2.0 * mirrored, torch.ones(len(theta))], 1)).double()
    scale = torch.det(linear).abs().sqrt()
    turn = mirror @ linear / scale[:, None, None]
    torch.testing.assert_close(turn @ turn.mT, torch.eye(2).double().expand(len(theta), 2, 2), atol=1e-5, rtol=0)
    angle = torch.rad2deg(torch.atan2(turn[:, 1, 0], turn[:, 0, 0]))
    return scale, angle, mirrored, (turn.mT @ mirror @ shift).squeeze(2)


def test_centre():
    share = 224 / 236
    expected = torch.tensor([[share, 0, 0], [0, share, 0]]).expand(3, 2, 3)
    torch.testing.assert_close(AffineView(**FULL).centre(3, CPU), expected)


def test_nothing_is_left_to_chance():
    torch.testing.assert_close(AffineView(48).draw(2, CPU), torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(2, 2, 3))


def test_draws_fill_their_ranges_evenly():
    scale, angle, mirrored, shift = parts(AffineView(**FULL).draw(20000, CPU))
    room = 12 / 236  # the crop stays inside of the image
    for values, low, high in [(angle, -20, 20), (shift[:, 0], -room, room), (shift[:, 1], -room, room),
                              ((scale * 236 / 224).log(), math.log(0.8), math.log(1.25))]:
        share = (values - low) / (high - low)
        assert -1e-4 < share.min() < 0.01
        assert 0.99 < share.max() < 1 + 1e-4
        # three standard errors of the mean and of the deviation of an even spread
        assert share.mean() == pytest.approx(0.5, abs=0.007)
        assert share.std() == pytest.approx(12 ** -0.5, abs=0.004)
    assert mirrored.double().mean() == pytest.approx(0.5, abs=0.011)
    together = torch.corrcoef(torch.stack([scale, angle, mirrored.double(), *shift.T]))
    assert (together - torch.eye(5)).abs().max() < 0.03


def test_shift_in_pixels():
    _, _, _, shift = parts(AffineView(48, shift=4).draw(5000, CPU))
    assert 0.99 < shift.abs().max() / (2 * 4 / 48) < 1 + 1e-5


def test_a_seed_fixes_the_draws():
    torch.manual_seed(7)
    first, second = (AffineView(**FULL) for _ in range(2))
    draws = [first.draw(4, CPU) for _ in range(3)]
    torch.rand(3)  # what else is drawn does not matter
    assert all(torch.equal(draw, second.draw(4, CPU)) for draw in draws)
    assert not torch.equal(draws[0], draws[1])
    torch.manual_seed(8)
    assert not torch.equal(AffineView(**FULL).draw(4, CPU), draws[0])


def test_drawing_leaves_the_streams_of_others_alone():
    before = torch.get_rng_state()
    AffineView(**FULL).draw(4, CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_resumed_training_draws_on():
    """A fresh view in iteration 5 draws what one does that has been there from the start."""
    hub, view, draws = MessageHub.get_current_instance(), AffineView(**FULL), []
    for iteration in range(6):
        hub.update_info('iter', iteration)
        draws.append(view.draw(4, CPU))
    assert torch.equal(AffineView(**FULL).draw(4, CPU), draws[5])
    assert not torch.equal(draws[4], draws[5])


def test_every_rank_draws_its_own(monkeypatch):
    draws = []
    for rank in range(2):
        monkeypatch.setattr('emonext_mm.models.preprocessors.affine_view.get_rank', lambda rank=rank: rank)
        draws.append(AffineView(**FULL).draw(4, CPU))
    assert not torch.equal(*draws)


@pytest.mark.parametrize(('name', 'value'), [
    ('size', 0), ('resize', 223), ('shift', -1), ('degrees', 181), ('flip', 1.5), ('zoom', (0, 1)), ('zoom', (2, 1)),
])
def test_out_of_range(name, value):
    with pytest.raises(ValueError, match=rf'^{name} is {value!r}: '.replace('(', r'\(').replace(')', r'\)')):
        AffineView(**{'size': 224, name: value})
