"""The README's examples and commands do what it says."""
import re
from pathlib import Path

import pytest
from mmengine.config import Config
from mmpretrain.datasets import build_dataset
from mmpretrain.structures import DataSample
from torch import rand

from tests.helpers.fer2013_files import make_faces, write_fer2013
from tests.helpers.models import build_model

ROOT = Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text()
EXAMPLES = re.findall(r'```python\n(.*?)```', README, re.S)
PARTS = ('STNDataPreprocessor', 'EmoNeXt', 'SARegClsHead')


def load(example: str, folder: Path) -> Config:
    path = folder / 'example.py'
    path.write_text(example)
    return Config.fromfile(path)


@pytest.mark.parametrize(('example', 'part'), list(zip(EXAMPLES, PARTS)), ids=PARTS)
def test_example_builds_and_trains(example, part, tmp_path):
    cfg = load(example, tmp_path)
    cfg.model.backbone.init_cfg = None  # no network here
    model = build_model(cfg)
    assert part in {type(module).__name__ for module in model.modules()}
    samples = [DataSample().set_gt_label(i) for i in range(2)]
    data = model.data_preprocessor(dict(inputs=255 * rand(2, 3, 64, 64), data_samples=samples), training=True)
    losses = model(**data, mode='loss')
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_there_are_three_examples():
    assert len(EXAMPLES) == 3


def test_example_data_set(tmp_path):
    cfg = load(EXAMPLES[2], tmp_path)
    write_fer2013(tmp_path, make_faces())
    for split in ('train', 'val', 'test'):
        dataset = build_dataset(dict(cfg[f'{split}_dataloader'].dataset, data_root=str(tmp_path)))
        assert dataset.split == split
        assert dataset[0]['inputs'].shape == (1, 96, 96)


def test_every_config_is_in_the_table():
    named = set()
    for name in re.findall(r'^\| `(\w+(?:\{[\w,]+\})?\w*)` \|', README, re.M):
        head, sizes, tail = re.fullmatch(r'(\w*?)(?:\{([\w,]+)\})?(\w*)', name).groups()
        named |= {head + size + tail for size in (sizes or '').split(',')}
    assert named == {path.stem for path in (ROOT / 'configs').glob('*.py')}


def test_paths_exist():
    paths = re.findall(r'(?:configs|tools)/[\w/]+\.(?:py|sh)', README)
    for path in paths + re.findall(r'\]\((\w[\w/]*\.\w+)\)', README):
        assert (ROOT / path).exists(), path
