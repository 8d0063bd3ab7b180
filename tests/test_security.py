"""SECURITY.md: the bounds that it names are those of the code, and the files that it names exist."""
import re

import pytest

from emonext.pictures import MAX_PIXELS
from emonext.service.limits import Limits
from emonext_mm.datasets.readers import ferplus, image_file, image_folder, layouts, pixel_csv
from emonext_mm.evaluation import predictions
from emonext_mm.experiments import lists
from emonext_mm.utils import checkpoint_content, strangers
from tests.helpers.scripts import ROOT

TEXT = (ROOT / 'SECURITY.md').read_text()


@pytest.mark.parametrize(('words', 'bound'), [
    ('1 MiB for a line', pixel_csv.MAX_LINE / 2**20),
    ('64 MiB | `datasets/readers/ferplus.py`', ferplus.MAX_BYTES / 2**20),
    ('200 folders', layouts.MAX_FOLDERS), ('64 MiB for a file', image_file.MAX_BYTES / 2**20),
    ('16.8 million pixels', round(image_file.MAX_PIXELS / 1e6, 1)), ('16 GiB for all', image_folder.MAX_TABLE / 2**30),
    ('256 MiB unpacked', predictions.LARGEST / 2**20), ('50 levels', strangers.MAX_DEPTH),
    ('100,000 values', strangers.MAX_VALUES), ('1 MiB, 50 levels', lists.LARGEST / 2**20),
    ('1 GiB more memory', checkpoint_content.SPARE / 2**30), ('100 million pixels', MAX_PIXELS / 1e6),
    ('20 MB, 64 pictures', Limits().bytes / 1e6), ('64 pictures, 25', Limits().pictures),
    ('25 million pixels, 100', Limits().pixels / 1e6), ('100 faces', Limits().faces),
    ('30 seconds', Limits().seconds), ('64 requests', Limits().requests), ('16 streams', Limits().streams),
])
def test_bound(words, bound):
    assert words in TEXT
    assert float(re.match(r'[\d.,]+', words)[0].replace(',', '')) == bound


def test_files_exist():
    names = re.findall(r'`([\w/]+\.py)`', TEXT)
    assert len(names) > 10
    folders = ('', 'emonext_mm', 'emonext_mm/datasets/readers')
    missing = [name for name in names if not any((ROOT / folder / name).is_file() for folder in folders)]
    assert missing == []
