"""Weights with the names of ``cydonia999/VGGFace2-pytorch``: their nets, as functions, against MMPretrain's."""
import pickle

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS

from emonext_mm import compat
from emonext_mm.utils.errors import CheckpointError
from tests.helpers.models import in_evaluation
from tests.helpers.python2_pickle import dump_python2

BLOCKS = (3, 4, 6, 3)


def names_and_shapes(squeezed):
    """Of their ResNet-50 or SE-ResNet-50, in the order of its layers."""
    def norm(name, width):
        return {f'{name}.{part}': (width, ) for part in ('weight', 'bias', 'running_mean', 'running_var')}

    shapes = {'conv1.weight': (64, 3, 7, 7), **norm('bn1', 64)}
    before = 64
    for stage, blocks in enumerate(BLOCKS):
        width = 64 * 2 ** stage
        for block in range(blocks):
            at = f'layer{stage + 1}.{block}'
            for i, (out, into, side) in enumerate([(width, before, 1), (width, width, 3), (4 * width, width, 1)], 1):
                shapes |= {f'{at}.conv{i}.weight': (out, into, side, side), **norm(f'{at}.bn{i}', out)}
            if squeezed:
                shapes |= {f'{at}.conv4.weight': (width // 4, 4 * width, 1, 1), f'{at}.conv4.bias': (width // 4, ),
                           f'{at}.conv5.weight': (4 * width, width // 4, 1, 1), f'{at}.conv5.bias': (4 * width, )}
            if block == 0:
                shapes |= {f'{at}.downsample.0.weight': (4 * width, before, 1, 1),
                           **norm(f'{at}.downsample.1', 4 * width)}
            before = 4 * width
    return {**shapes, 'fc.weight': (8631, 2048), 'fc.bias': (8631, )}


def make(squeezed):
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for name, shape in names_and_shapes(squeezed).items():
        scale = 1 if len(shape) < 2 else (2 / torch.Size(shape[1:]).numel()) ** 0.5
        value = scale * torch.randn(shape, generator=generator)
        positive = len(shape) == 1 and name.endswith(('running_var', 'weight'))
        weights[name] = 0.5 + 0.1 * value.abs() if positive else value
    return weights


@pytest.fixture(scope='module', params=[False, True], ids=['resnet50', 'senet50'])
def released(request, tmp_path_factory):
    """Weights and their file, as of Python 2."""
    compat.setup()
    weights = make(request.param)
    path = tmp_path_factory.mktemp('vggface2') / 'weight.pkl'
    path.write_bytes(dump_python2({key: value.numpy() for key, value in weights.items()}))
    return request.param, weights, path


def build(squeezed, checkpoint):
    net = MODELS.build(dict(type='SEResNet' if squeezed else 'ResNet', depth=50, style='caffe',
                            init_cfg=dict(type='Pretrained', checkpoint=f'vggface2://{checkpoint}')))
    net.init_weights()
    return in_evaluation(net)


def run(w, images, squeezed):
    """Their net, but for the padding of the pooling, which is the host's."""
    def norm(x, name):
        return F.batch_norm(x, w[f'{name}.running_mean'], w[f'{name}.running_var'], w[f'{name}.weight'],
                            w[f'{name}.bias'])

    x = F.max_pool2d(norm(F.conv2d(images, w['conv1.weight'], stride=2, padding=3), 'bn1').relu(), 3, 2, 1)
    for stage, blocks in enumerate(BLOCKS, 1):
        for block in range(blocks):
            at, stride = f'layer{stage}.{block}', 2 if block == 0 and stage > 1 else 1
            y = norm(F.conv2d(x, w[f'{at}.conv1.weight'], stride=stride), f'{at}.bn1').relu()
            y = norm(F.conv2d(y, w[f'{at}.conv2.weight'], padding=1), f'{at}.bn2').relu()
            y = norm(F.conv2d(y, w[f'{at}.conv3.weight']), f'{at}.bn3')
            if squeezed:
                gate = F.conv2d(y.mean((2, 3), keepdim=True), w[f'{at}.conv4.weight'], w[f'{at}.conv4.bias']).relu()
                y = y * F.conv2d(gate, w[f'{at}.conv5.weight'], w[f'{at}.conv5.bias']).sigmoid()
            if block == 0:
                x = norm(F.conv2d(x, w[f'{at}.downsample.0.weight'], stride=stride), f'{at}.downsample.1')
            x = (x + y).relu()
    return x


@torch.no_grad()
def test_the_same_features(released):
    squeezed, weights, path = released
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    expected = run(weights, images, squeezed)
    assert expected.std() > 0.01
    torch.testing.assert_close(build(squeezed, path)(images)[0], expected, rtol=1e-3, atol=1e-4 * float(expected.std()))


def test_a_state_dict_loads_too(released, tmp_path):
    squeezed, weights, _ = released
    counters = {key.replace('running_var', 'num_batches_tracked'): torch.tensor(3) for key in weights
                if key.endswith('running_var')}
    torch.save({'state_dict': {**weights, **counters}}, tmp_path / 'it.pth')
    net = build(squeezed, tmp_path / 'it.pth')
    assert torch.equal(net.layer4[2].conv3.weight, weights['layer4.2.conv3.weight'])
    assert int(net.layer4[2].bn3.num_batches_tracked) == 3


def test_weights_of_the_other_net(released):
    squeezed, _, path = released
    with pytest.raises(ValueError, match=r'se_layer\.conv1\.conv'):
        build(not squeezed, path)


@pytest.mark.parametrize('key', ['layer1.0.conv6.weight', 'features.0.weight'])
def test_an_unknown_key(key, tmp_path):
    path = tmp_path / 'it.pkl'
    path.write_bytes(dump_python2({'conv1.weight': torch.zeros(1).numpy(), key: torch.zeros(1).numpy()}))
    with pytest.raises(ValueError, match=rf'it\.pkl.*{key}'):
        build(False, path)


def test_a_missing_key(released, tmp_path):
    squeezed, weights, _ = released
    rest = {key: value for key, value in weights.items() if key != 'layer3.5.bn2.bias'}
    torch.save(rest, tmp_path / 'it.pth')
    with pytest.raises(ValueError, match=r'1 missing \(layer3\.5\.bn2\.bias\)'):
        build(squeezed, tmp_path / 'it.pth')


def test_no_code_is_run(tmp_path):
    path = tmp_path / 'it.pkl'
    path.write_bytes(pickle.dumps({'conv1.weight': torch.zeros(1)}))
    with pytest.raises(CheckpointError, match=r'it\.pkl.*torch'):
        build(False, path)
