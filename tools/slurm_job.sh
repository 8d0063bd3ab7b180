#!/usr/bin/env bash
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
# Run a command as a job of Slurm that can be interrupted: sbatch [options] tools/slurm_job.sh COMMAND...
#
# Two minutes before the time limit, and where the cluster has SlurmctldParameters=preempt_send_user_signal also when
# the job is preempted, Slurm sends USR1: the command gets SIGTERM, and the job goes back into the queue. The command
# must be one that resumes. In an array, `--task INDEX` follows the command.
set -uo pipefail
export MASTER_PORT="${MASTER_PORT:-$((20000 + SLURM_JOB_ID % 10000))}"  # several jobs may share a machine

"$@" ${SLURM_ARRAY_TASK_ID:+--task "$SLURM_ARRAY_TASK_ID"} &
child=$!
requeue=
trap 'requeue=1; kill -TERM "$child"' USR1
trap 'kill -TERM "$child"' TERM
until ! kill -0 "$child" 2>/dev/null; do
  wait "$child"  # a signal ends it early
done
wait "$child"
status=$?
# Where the cluster does not send USR1 on a preemption, the tasks of srun get SIGTERM.
if scontrol show job "$SLURM_JOB_ID" | grep -q 'PreemptTime=[0-9]'; then
  requeue=1
fi
# A job that has finished although it was warned, or failed without a warning, ends here.
if [ -z "$requeue" ] || [ "$status" = 0 ]; then
  exit "$status"
fi
echo "the job was warned, and goes back into the queue"
exec scontrol requeue "$SLURM_JOB_ID"
