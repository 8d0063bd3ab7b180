import re

import pytest
import timm
import torch
from mmengine.runner import load_checkpoint
from mmpretrain.models import ConvNeXt

from emonext_mm.apis.convert import ALL_SOURCES, Converted, convert
from emonext_mm.emotions import CLASSES
from emonext_mm.models.weights.authors import from_authors
from emonext_mm.models.weights.convnext import to_backbone
from emonext_mm.utils.errors import CheckpointError
from tests.helpers.record_authors import draw_weights, read_recorded
from tests.helpers.weight_files import make_checkpoint


@pytest.fixture(scope='module')
def contents():
    """A checkpoint of each source; the authors' tensors all have one value, so that their files are small."""
    weights = timm.create_model('convnext_atto', num_classes=11).state_dict()
    flat = {name: torch.tensor(1.0).expand(shape) for name, shape in read_recorded('tiny')['shapes'].items()}
    return {source: flat if source == 'authors' else make_checkpoint(source, weights) for source in ALL_SOURCES}


@pytest.fixture
def saved(contents, tmp_path):
    """Save the checkpoint of a source, with changes."""

    def save(source, **changes):
        file = tmp_path / f'{source}.pt'
        torch.save({**contents[source], **changes}, file)
        return file

    return save


@pytest.mark.parametrize('source', ['timm', 'facebook', 'mmpretrain'])
def test_backbone(saved, contents, tmp_path, source):
    """The file has OpenMMLab's format: the host's loader reads it by its name and by mmpretrain://."""
    made = convert(saved(source), tmp_path / 'made.pth', source)
    assert made == Converted(tmp_path / 'made.pth', source, 'atto', None)
    assert torch.load(made.path, weights_only=True)['meta'] == dict(converted_from=source, arch='atto')
    expected = to_backbone(contents[source], source)
    for name in (f'mmpretrain://{tmp_path}/made.pth', str(tmp_path / 'made.pth')):
        backbone = ConvNeXt('atto')
        load_checkpoint(backbone, name, revise_keys=[(r'^backbone\.', '')])
        assert backbone.state_dict().keys() == expected.keys()
        assert all(torch.equal(value, expected[key]) for key, value in backbone.state_dict().items())


def test_v2(tmp_path):
    torch.save(timm.create_model('convnextv2_atto').state_dict(), tmp_path / 'v2.pth')
    assert convert(tmp_path / 'v2.pth', tmp_path / 'made.pth', 'timm').arch == 'atto'


def test_model(tmp_path):
    weights = draw_weights()
    torch.save(weights, tmp_path / 'authors.pt')
    converted = convert(tmp_path / 'authors.pt', tmp_path / 'made.pth', 'authors')
    assert converted == Converted(tmp_path / 'made.pth', 'authors', 'tiny', 'unknown')
    made = torch.load(tmp_path / 'made.pth', weights_only=True)
    assert made['meta'] == dict(
        converted_from='authors', arch='tiny', weights='unknown', dataset_meta=dict(classes=CLASSES))
    expected, _, _ = from_authors(weights)
    assert made['state_dict'].keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in made['state_dict'].items())


@pytest.mark.parametrize('source', ALL_SOURCES)
def test_idempotent(saved, tmp_path, source):
    """Converting again, to another folder, gives the same bytes; so does converting the result in place."""
    once, again = tmp_path / 'once.pth', tmp_path / 'folder' / 'again.pth'
    convert(saved(source), once, source)
    convert(saved(source), again, source)
    assert once.read_bytes() == again.read_bytes()
    convert(again, again, source)
    assert once.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(('is_a', 'taken_for'), [(a, b) for a in ALL_SOURCES for b in ALL_SOURCES if a != b])
def test_of_another_source(saved, tmp_path, is_a, taken_for):
    file = saved(is_a)
    message = r'(these are not the weights of .* \d+ |.* not atto)'
    with pytest.raises(ValueError, match=f'{re.escape(str(file))}: {message}'):
        convert(file, tmp_path / 'made.pth', taken_for)
    convert(file, tmp_path / 'made.pth', is_a)
    before = (tmp_path / 'made.pth').read_bytes()
    with pytest.raises(ValueError, match=rf'made\.pth: already converted, from {is_a}'):
        convert(tmp_path / 'made.pth', tmp_path / 'made.pth', taken_for)
    assert (tmp_path / 'made.pth').read_bytes() == before


@pytest.mark.parametrize(('change', 'message'), [
    (dict(more=torch.zeros(1)), r"weights of timm's ConvNeXt: 1 unexpected \(more\)"),
    ({'stem.1.bias': torch.zeros(3)}, r'not fit this ConvNeXt: 1 of another shape \(downsample_layers.0.1.bias\)'),
    ({'stages.1.blocks.2.norm.weight': torch.zeros(80)}, r'no size of ConvNeXt has \[2, 3, 6, 2\] blocks of \[40, '),
])
def test_weights_of_another_model(saved, tmp_path, change, message):
    file = saved('timm', **change)
    with pytest.raises(ValueError, match=rf'{re.escape(str(file))}: .*{message}'):
        convert(file, tmp_path / 'made.pth', 'timm')
    assert not (tmp_path / 'made.pth').exists()


@pytest.mark.parametrize('content', [{}, {'meta': {'converted_from': 'timm'}},
                                     {'meta': {'converted_from': [1], 'arch': 'atto'}, 'state_dict': {}},
                                     {'meta': {'converted_from': 'timm', 'arch': [1]}, 'state_dict': {}}])
def test_file_that_was_not_converted_here(tmp_path, content):
    torch.save(content, tmp_path / 'file.pth')
    with pytest.raises(ValueError, match=r"file\.pth: these are not the weights of timm's ConvNeXt"):
        convert(tmp_path / 'file.pth', tmp_path / 'made.pth', 'timm')


def test_missing_key(contents, tmp_path):
    weights = {key: value for key, value in contents['timm'].items() if key != 'head.norm.bias'}
    torch.save(weights, tmp_path / 'file.pth')
    with pytest.raises(ValueError, match=r'1 missing \(norm3.bias\)'):
        convert(tmp_path / 'file.pth', tmp_path / 'made.pth', 'timm')


def test_unknown_source(tmp_path):
    with pytest.raises(ValueError, match=r"'timn'.* authors, timm, facebook, mmpretrain"):
        convert(tmp_path / 'file.pth', tmp_path / 'made.pth', 'timn')


def test_file_that_would_run_code(tmp_path):
    torch.save(dict(model=print), tmp_path / 'file.pth')
    with pytest.raises(CheckpointError, match=r'file.pth was not loaded: it asks for (builtins\.)?print'):
        convert(tmp_path / 'file.pth', tmp_path / 'made.pth', 'authors')
    assert not (tmp_path / 'made.pth').exists()
