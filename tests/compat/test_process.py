"""The traps of ``compat.process`` are in ``test_traps.py``; here is what they do together."""
import pytest

from tests.helpers.host_training import free_port
from tests.helpers.marks import ON_CPU
from tests.helpers.processes import run_together

# Which variable has what, for each launcher.
PYTORCH = dict(rank='RANK', local_rank='LOCAL_RANK', size='WORLD_SIZE')
SLURM = dict(rank='SLURM_PROCID', local_rank='SLURM_LOCALID', size='SLURM_NTASKS')


@ON_CPU
@pytest.mark.slow
@pytest.mark.parametrize(('launcher', 'names'), [('pytorch', PYTORCH), ('slurm', SLURM)])
def test_two_processes_train_on_the_cpu(tmp_path, launcher, names):
    """Both ranks end with the same weights; ``train_one_rank`` checks it."""
    world = {names['size']: '2', 'SLURM_NODELIST': 'any', 'MASTER_ADDR': 'localhost', 'MASTER_PORT': free_port()}
    run_together([(('-m', 'tests.helpers.train_one_rank', tmp_path, launcher),
                   {names['rank']: rank, names['local_rank']: rank, **world}) for rank in '01'])
