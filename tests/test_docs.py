"""README and manual: code blocks run, commands parse, links and names exist."""
import importlib
import os
import re
import runpy
from collections import OrderedDict
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmpretrain.registry import DATASETS
from mmpretrain.structures import DataSample

from emonext.command.main import build_parser
from emonext.command.main import main as emonext
from emonext_mm.experiments.lists import read_list
from emonext_mm.models.weights.packaged import to_safetensors
from emonext_mm.utils.models import build_model
from tests.helpers.documentation import (
    PAGES,
    ROOT,
    as_tool,
    load_tool,
    make_checkout,
    parse,
    read_blocks,
    read_commands,
)
from tests.helpers.measurement import FIGURES

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
MANUAL = {name: page.read_text() for name, page in zip(NAMES, PAGES)}
OWN_FOLDERS = 'docs/guides/own_folders.md'
WITH_BLOCKS = [name for name in NAMES if name != OWN_FOLDERS and any(
    block.language in ('python', 'shell', 'yaml') for block in read_blocks(ROOT / name))]
OTHER_COMMANDS = ('pip install', 'python -m', 'python -c', 'curl')
DRAWN = 'emonext_atto_synthetic'
INPUTS_ONLY = ('tools/compare.py', 'tools/audit_dataset.py')  # quick wherever their inputs are there


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    """A small checkout in which the drawn faces' config has been trained."""
    folder = make_checkout(tmp_path_factory.mktemp('checkout'))
    with pytest.MonkeyPatch.context() as patcher:
        patcher.chdir(folder)
        patcher.setenv('LOCAL_RANK', '0')
        patcher.setattr(torch.cuda, 'is_available', lambda: False)
        load_tool('tools/train.py').main([f'configs/{DRAWN}.py'])
    return folder


@pytest.fixture
def here(checkout, monkeypatch):
    """The small checkout as the working directory, without a GPU; the environment is restored after the test."""
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(MMLogger, '_instance_dict', OrderedDict())  # the others' streams are closed
    with patch.dict(os.environ, LOCAL_RANK='0'):
        yield checkout


@pytest.mark.slow
@pytest.mark.parametrize('name', WITH_BLOCKS)
def test_blocks(name, here):
    run_blocks(name, here)


@pytest.mark.slow
def test_guide_on_own_folders(here):
    """Its commands train on three classes and predict six images."""
    run_blocks(OWN_FOLDERS, here)
    lines = Path('my_predictions.csv').read_text().splitlines()
    assert lines[1] == 'sample_id,true,predicted,bored,curious,tired'
    assert len(lines) == 2 + 6


def run_blocks(name, here):
    """In order: files are written and built, commands parsed, quick ones run, Python is run."""
    namespace = {'__name__': name}
    for block in read_blocks(ROOT / name):
        if block.file:
            Path(block.file).write_text(block.text)
            check_file(block.file)
        elif block.language == 'python':
            exec(compile(block.text, name, 'exec'), namespace)
        elif block.language == 'shell':
            for command in read_commands(block):
                check_command(command, here)


def check_file(path):
    if path.endswith('.yml'):
        assert read_list(path, [0], 'work_dirs', [])
        return
    cfg = Config.fromfile(path)
    cfg.model.backbone.init_cfg = None  # no network here
    model = build_model(cfg)
    samples = [DataSample().set_gt_label(i) for i in range(2)]
    data = model.data_preprocessor(dict(inputs=255 * torch.rand(2, 3, 64, 64), data_samples=samples), training=True)
    losses = model(**data, mode='loss')
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert all(p.grad is not None for p in model.parameters())
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        if loader.dataset.type != 'ImageNet':
            dataset = DATASETS.build(loader.dataset)
            assert len(dataset.metainfo['classes']) == cfg.model.head.num_classes
            assert dataset[0]


def check_command(command, here):
    if command[0] == 'emonext':
        check_emonext(command[1:])
        return
    found = as_tool(command)
    if found is None:
        assert ' '.join(command).startswith(OTHER_COMMANDS)
        return
    path, arguments = found
    tool = load_tool(path)
    options = vars(parse(tool, arguments))
    if 'config' in options:
        check_config(options)
    if 'list' in options:
        assert read_list(options['list'], options['seeds'], here / 'out', options.get('cfg_options', []))
    if is_quick(path, arguments):
        if 'emonext_tiny_my_faces' in ' '.join(arguments):
            arguments = [*arguments, '--cfg-options', 'model.backbone.init_cfg=None']
        tool.main(arguments)


def check_emonext(arguments):
    """The command is run, if its sources are there; a camera is not, nor what serves or asks the network."""
    options = vars(build_parser().parse_args(arguments))
    if arguments[0] not in ('serve', 'demo', 'page') and all(
            Path(source).exists() for source in options.get('sources', [])):
        assert emonext(arguments) == 0


def check_config(options):
    """The config with its options builds a model and its data sets."""
    cfg = Config.fromfile(options['config'])
    cfg.merge_from_dict(options.get('cfg_options') or {})
    build_model(cfg)
    for loader in ('train_dataloader', 'test_dataloader'):
        if not {'ferplus', 'hold_out'} & cfg[loader].dataset.keys():  # for other data
            assert len(DATASETS.build(cfg[loader].dataset))


def is_quick(path, arguments):
    inputs = [argument for argument in arguments[:2] if not argument.startswith('-')]
    return (DRAWN in ' '.join(arguments) or 'emonext_tiny_my_faces' in ' '.join(arguments)
            or (path in INPUTS_ONLY and all(Path(argument).exists() for argument in inputs)))


def test_model_cards(tmp_path):
    """The tables hold the figures of the file's metadata."""
    provenance = dict(commit='abc123', command='python tools/train.py it.py')
    card = dict(figures=FIGURES, epoch=3, weights='EMA', provenance=provenance)
    (tmp_path / 'it.safetensors').write_bytes(to_safetensors({'weight': torch.zeros(2)}, card))
    cards = runpy.run_path(str(ROOT / 'docs' / 'model_cards.py'))['model_cards'](tmp_path)
    assert list(cards) == ['card_it']
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in cards['card_it'].splitlines()]
    for row in (['commit', '`abc123`'], ['epoch', '3, EMA weights'], ['sad', '50', '44', '71.11', '62.22', '66.33'],
                ['ten crops', '64.32', '59.50 to 63.00', 'unknown', '', '57.11', '56.22', '4.57'],
                ['blur 1 px', '62.00', '-0.77'], ['crop side 0.90 to 1.20', '+1.11', 'crop side 0.90']):
        assert row in rows
    assert 'temperature 1.234' in cards['card_it']


def test_readme_is_short():
    assert len(MANUAL['README.md'].splitlines()) <= 140


def test_readme_starts_with_two_commands():
    start = MANUAL['README.md'].split('\n## Train\n')[1].split('\n## ')[0]
    assert [block[:3] for block in re.findall(r'```bash\n(.*?)```', start, re.DOTALL)] == ['pip'] * 2
    assert MANUAL['README.md'].count('```bash') == 2


@pytest.mark.parametrize('name', [*NAMES, 'CONTRIBUTING.md', 'CHANGELOG.md'])
def test_links_exist(name):
    text = (ROOT / name).read_text()
    for target in re.findall(r'\]\(([^)#\s]+)[^)]*\)', text):
        if '://' not in target:
            assert (ROOT / name).parent.joinpath(target).exists(), target


@pytest.mark.parametrize('name', [*NAMES, 'CONTRIBUTING.md'])
def test_named_paths_exist(name):
    text = (ROOT / name).read_text()
    made = {block.file for block in read_blocks(ROOT / name)}
    for path in re.findall(r'(?<![\w/.<>])(?:configs|tools|tests|resources|emonext_mm|\.ci)/[\w/.]*\w', text):
        assert path in made or (ROOT / path).exists(), path


@pytest.mark.parametrize('name', NAMES)
def test_named_objects_exist(name):
    for target in re.findall(r'\{py:\w+\}`~?([\w.]+)`', MANUAL[name]):
        assert find(target) is not None


def find(dotted):
    parts = dotted.split('.')
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module('.'.join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(dotted)


def test_every_config_is_in_the_table():
    named = set()
    for row in re.findall(r'^\| `(\w+(?:\{[\w,]+\})?\w*)` \|', MANUAL['docs/configs.md'], re.MULTILINE):
        head, sizes, tail = re.fullmatch(r'(\w*?)(?:\{([\w,]+)\})?(\w*)', row).groups()
        named |= {head + size + tail for size in (sizes or '').split(',')}
    assert named == {path.stem for path in (ROOT / 'configs').glob('*.py')}


@pytest.mark.parametrize('path', [
    *(ROOT / 'configs' / 'experiments').glob('*.yml'), *(ROOT / 'tools').glob('[!_]*.*'),
    *(ROOT / 'tools' / 'benchmarks').glob('[!_]*.py')], ids=lambda path: path.name)
def test_every_list_and_tool_is_named(path):
    assert any(path.name in text for text in MANUAL.values())


def test_architecture_is_what_the_script_draws():
    script = runpy.run_path(str(ROOT / 'docs' / 'draw_architecture.py'))
    assert script['FIGURE'].read_text(encoding='utf-8') == script['draw']()
