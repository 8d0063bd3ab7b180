import warnings

import pytest
import torch
from mmpretrain.models import VGG

from emonext_mm.models import MaskedVGG
from tests.helpers.models import count_parameters, in_evaluation

pytestmark = pytest.mark.filterwarnings('ignore:Unnecessary conv bias')  # of MMPretrain's VGG
BN = dict(norm_cfg=dict(type='BN'), init_cfg=None)
HEAD = {25088: 25088 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 7 + 7,
        2048: 2048 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 7 + 7}


def test_parameters():
    """Of Segmentation VGG-19 (its code, and five masks as in its figure), and of Khaireddin & Chen's VGG."""
    assert count_parameters(MaskedVGG(**BN)) + HEAD[25088] == 169_220_807
    assert count_parameters(MaskedVGG(mask_depths=(1, 1, 1, 1, 1), **BN)) + HEAD[25088] == 191_512_263
    small = MaskedVGG(13, None, 1, num_stages=4, dilations=(1, ) * 4, out_indices=(3, ), **BN)
    assert count_parameters(small) + HEAD[2048] == 29_890_759


def test_biases_before_norms_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        net = MaskedVGG(11, **BN)
    biases = [layer.conv.bias for layer in net.features if hasattr(layer, 'conv')]
    assert [len(each) for each in biases] == [64, 128, 256, 256, 512, 512, 512, 512]
    with pytest.warns(UserWarning, match='Unnecessary conv bias'):  # else the filter can go
        VGG(11, **BN)


@pytest.mark.parametrize(('size', 'shapes'), [
    (40, [(64, 20, 20), (128, 10, 10), (256, 5, 5), (512, 2, 2)]),
    (48, [(64, 24, 24), (128, 12, 12), (256, 6, 6), (512, 3, 3)])])
def test_maps(size, shapes):
    net = in_evaluation(MaskedVGG(13, None, 1, num_stages=4, dilations=(1, ) * 4, out_indices=(0, 1, 2, 3), **BN))
    assert [tuple(found.shape[1:]) for found in net(torch.zeros(1, 1, size, size))] == shapes


def test_without_masks_it_is_a_vgg():
    plain = in_evaluation(VGG(11, out_indices=(1, 4), **BN))
    ours = in_evaluation(MaskedVGG(11, None, out_indices=(1, 4), **BN))
    ours.load_state_dict(plain.state_dict())
    images = torch.randn(1, 3, 32, 32)
    for found, expected in zip(ours(images), plain(images)):
        assert torch.equal(found, expected)


def test_masks_stand_before_the_pooling():
    """The first stage by hand; that of stage 5 sees 1/16 of the image, not 1/32."""
    net = in_evaluation(MaskedVGG(11, (1, None, None, None, 1), out_indices=(0, 4), **BN))
    seen = []
    net.masks['4'].register_forward_hook(lambda module, inputs, output: seen.append(tuple(inputs[0].shape)))
    images = torch.randn(1, 3, 32, 32)
    first, last = net(images)
    x = net.features[0](images)
    expected = torch.nn.functional.max_pool2d(x * (1 + net.masks['0'](x)), 2)
    assert torch.equal(first, expected)
    assert (seen, last.shape) == ([(1, 512, 2, 2)], (1, 512, 1, 1))


def test_weights_of_a_plain_vgg_load():
    """MMPretrain's names; only the masks' keys are missing."""
    ours = MaskedVGG(11, (1, None, None, None, None), **BN)
    missing, unexpected = ours.load_state_dict(VGG(11, **BN).state_dict(), strict=False)
    assert unexpected == []
    assert all(key.startswith('masks.0.') for key in missing)


def test_wrong_number_of_masks():
    with pytest.raises(ValueError, match=r'5 mask depths.* 4 stages'):
        MaskedVGG(13, num_stages=4, dilations=(1, ) * 4, out_indices=(3, ), **BN)
