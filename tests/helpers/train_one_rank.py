"""One process of a distributed training on the CPU: ``python -m tests.helpers.train_one_rank FOLDER LAUNCHER``."""
import sys
from pathlib import Path

import mmengine
import torch
from mmengine.runner import Runner

from emonext_mm import compat
from emonext_mm.compat.config import prepare_train
from emonext_mm.compat.process import end_process_group
from tests.helpers.host_training import make_config


def train(folder, launcher):
    runner = Runner.from_cfg(prepare_train(make_config(folder, launcher=launcher)))
    runner.train()
    weights = torch.cat([parameter.detach().flatten() for parameter in runner.model.parameters()])
    gathered = mmengine.dist.all_gather(weights)
    assert len(gathered) == 2, gathered
    assert torch.equal(*gathered), 'the two processes hold different weights'
    assert runner.iter == 1, runner.iter  # eight images, four per process


def threads_of_gloo():
    return [name for name in (path.read_text() for path in Path('/proc/self/task').glob('*/comm')) if 'gloo' in name]


compat.setup()
train(*sys.argv[1:])
if sys.platform == 'linux':
    assert threads_of_gloo()
    end_process_group()
    assert not threads_of_gloo(), 'a thread that can abort the process at its end'
