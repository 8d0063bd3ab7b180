import random
import sys

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope

from tests.helpers.scripts import run_script

SCRIPT = """
import random, sys
import numpy as np, torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import init_default_scope
import sibling

assert __name__ == '__main__' and sys.argv[1:] == ['--number', '7']
assert torch.get_num_threads() == 1 and not torch.cuda.is_available()
assert not MMLogger.check_instance_created('before')
init_default_scope('mmpretrain')
MMLogger.get_instance('script'), MessageHub.get_instance('script')
random.seed(7), np.random.seed(7), torch.manual_seed(7)
torch.set_num_threads(3)
sys.exit('error: at the end')
"""


def state():
    return (list(sys.path), list(sys.argv), set(sys.modules), torch.get_num_threads(), torch.initial_seed(),
            random.random(), np.random.random(),  # noqa: NPY002
            *(list(manager._instance_dict) for manager in (MMLogger, MessageHub, DefaultScope)))


def test_leaves_the_process_unchanged(tmp_path):
    (tmp_path / 'script.py').write_text(SCRIPT)
    (tmp_path / 'sibling.py').write_text('')
    MMLogger.get_instance('before')
    random.seed(1), np.random.seed(1), torch.manual_seed(1)  # noqa: NPY002
    before = state()
    random.seed(1), np.random.seed(1)  # noqa: NPY002
    with pytest.raises(SystemExit, match='error: at the end'):
        run_script(tmp_path / 'script.py', '--number', 7)
    assert state() == before
