"""One process of a distributed training on the CPU: ``python -m tests.helpers.train_one_rank FOLDER``."""
import sys

import mmengine
import torch
from mmengine.runner import Runner

from emonext_mm import compat
from emonext_mm.compat.config import prepare_train
from tests.helpers.host_training import make_config

compat.setup()
runner = Runner.from_cfg(prepare_train(make_config(sys.argv[1], launcher='pytorch')))
runner.train()
weights = torch.cat([parameter.detach().flatten() for parameter in runner.model.parameters()])
gathered = mmengine.dist.all_gather(weights)
assert len(gathered) == 2, gathered
assert torch.equal(*gathered), 'the two processes hold different weights'
assert runner.iter == 1, runner.iter  # eight images, four per process
