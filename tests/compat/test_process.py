"""The traps of ``compat.process`` are in ``test_traps.py``; here is what they do together."""
from tests.helpers.host_training import free_port
from tests.helpers.marks import ON_CPU
from tests.helpers.processes import run_together


@ON_CPU
def test_two_processes_train_on_the_cpu(tmp_path):
    """Both ranks end with the same weights; ``train_one_rank`` checks it."""
    world = {'WORLD_SIZE': '2', 'MASTER_ADDR': 'localhost', 'MASTER_PORT': free_port()}
    run_together([(('-m', 'tests.helpers.train_one_rank', tmp_path), {'RANK': rank, 'LOCAL_RANK': rank, **world})
                  for rank in '01'])
