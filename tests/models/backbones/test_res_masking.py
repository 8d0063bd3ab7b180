import pytest
import torch
from mmpretrain.models import ResNet

from emonext_mm.models import ResMaskingNet
from tests.helpers.models import count_parameters, in_evaluation


@pytest.fixture(scope='module')
def net():
    """A ResNet-18 with few channels and small masks."""
    torch.manual_seed(0)
    net = ResMaskingNet(18, (2, None, 1, 1), base_channels=8, stem_channels=8, zero_init_residual=False)
    net.init_weights()
    return in_evaluation(net)


def test_parameters():
    """Of the paper's net with 7 classes: 137,796,423, of which 21,288,263 are those of ResNet-34."""
    net = ResMaskingNet()
    assert count_parameters(net) + 512 * 7 + 7 == 137_796_423
    assert count_parameters(net.masks) == 137_796_423 - 21_288_263


def test_without_masks_it_is_a_resnet(net):
    plain = in_evaluation(ResNet(18, base_channels=8, stem_channels=8, out_indices=(0, 3)))
    ours = in_evaluation(ResMaskingNet(18, [None] * 4, base_channels=8, stem_channels=8, out_indices=(0, 3)))
    ours.load_state_dict(plain.state_dict())
    images = torch.randn(2, 3, 64, 64)
    for found, expected in zip(ours(images), plain(images)):
        assert torch.equal(found, expected)


def test_a_stage_is_multiplied_by_one_to_two(net):
    """The first stage against that of the plain net."""
    images = torch.randn(2, 3, 64, 64)
    x = net.layer1(net.maxpool(net.relu(net.norm1(net.conv1(images)))))
    net.out_indices = (0, 3)
    masked, last = net(images)
    net.out_indices = (3, )
    assert torch.equal(masked, x * (1 + net.masks['0'](x)))
    assert ((masked >= x) & (masked <= 2 * x)).all()
    assert last.shape == (2, 64, 2, 2)


def test_first_values(net):
    """MMPretrain's for the ResNet; in the masks the last norm of each block starts at 0."""
    assert not net.masks['0'].down[0].norm2.weight.any()
    assert net.layer1[0].bn2.weight.eq(1).all()


def test_pretrained_weights_leave_the_masks(tmp_path):
    """Weights by torchvision's names, which are those of the ResNet."""
    source = ResNet(18, base_channels=8, stem_channels=8).state_dict()
    torch.save({key: value + 1 for key, value in source.items()}, tmp_path / 'resnet.pth')
    net = ResMaskingNet(18, (1, 1, 1, 1), base_channels=8, stem_channels=8,
                        init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'resnet.pth')))
    before = {key: value.clone() for key, value in net.state_dict().items()}
    net.init_weights()
    for key, value in net.state_dict().items():
        assert torch.equal(value, before[key] if key.startswith('masks') else source[key] + 1)


def test_wrong_options():
    with pytest.raises(ValueError, match='3 mask depths'):
        ResMaskingNet(18, (1, 1, 1))
    with pytest.raises(ValueError, match='12 x 12'):
        ResMaskingNet(18, (4, None, None, None), base_channels=8, stem_channels=8)(torch.zeros(1, 3, 48, 48))
