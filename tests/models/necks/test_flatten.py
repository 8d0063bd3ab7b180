import pytest
import torch

from emonext_mm.models import FlattenNeck


def test_order_and_pooling():
    maps = torch.arange(2 * 3 * 4 * 4.0).reshape(2, 3, 4, 4)
    flat, = FlattenNeck()((maps, ))
    assert torch.equal(flat, maps.reshape(2, 48))
    pooled, = FlattenNeck(pool=2)(maps)
    expected = maps.reshape(2, 3, 2, 2, 2, 2).mean((3, 5)).reshape(2, 12)
    assert torch.allclose(pooled, expected)
    one, = FlattenNeck(pool=1)(maps)
    assert torch.allclose(one, maps.mean((2, 3)))


def test_dropout_in_training_alone():
    neck, ones = FlattenNeck(dropout=0.25), torch.ones(4, 1000, 2, 2)
    dropped = neck.train()(ones)[0]
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert torch.equal(neck.eval()(ones)[0], torch.ones(4, 4000))


@pytest.mark.parametrize(('options', 'value'), [(dict(pool=0), '0'), (dict(dropout=1.0), '1.0'),
                                                (dict(dropout=-0.1), '-0.1')])
def test_options_out_of_range(options, value):
    with pytest.raises(ValueError, match=value):
        FlattenNeck(**options)
