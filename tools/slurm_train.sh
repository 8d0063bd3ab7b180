#!/usr/bin/env bash
# Train on several GPUs or machines with Slurm: tools/slurm_train.sh CONFIG PROCESSES [options of train.py]
#
# SBATCH_ARGS has further options of sbatch: SBATCH_ARGS='--partition=gpu --nodes=2 --gpus-per-node=4' for 8 processes.
# The job resumes from its last checkpoint after a preemption, a failure of its machine, or a time limit.
set -euo pipefail
config=$1 processes=$2
shift 2
tools=$(cd "$(dirname "$0")" && pwd)
# One thread per process unless the user sets another number.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"
# shellcheck disable=SC2086
exec sbatch --job-name="$(basename "$config" .py)" ${SBATCH_ARGS:-} --ntasks="$processes" "$tools/slurm_job.sh" \
  srun --kill-on-bad-exit "${PYTHON:-python}" "$tools/train.py" "$config" --launcher slurm --resume "$@"
