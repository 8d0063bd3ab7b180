#!/usr/bin/env bash
# Train on several GPUs or CPU processes: tools/dist_train.sh CONFIG PROCESSES [options of train.py]
#
# On several machines run it on each, with NNODES, MASTER_ADDR (the first machine), and NODE_RANK from 0. With
# MAX_RESTARTS=3 all processes start again, up to three times, when one of them has died, and resume from the last
# checkpoint; NODE_RANK is not needed then, and NNODES=2:4 lets machines come and go.
set -euo pipefail
config=$1 processes=$2
shift 2
# One thread per process unless the user sets another number; without a number torchrun and MMEngine warn.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"
address="${MASTER_ADDR:-127.0.0.1}" port="${PORT:-29500}"
if [ -n "${MAX_RESTARTS:-}" ]; then
  meeting=(--rdzv_backend=c10d --rdzv_endpoint="$address:$port" --rdzv_id=emonext --max_restarts="$MAX_RESTARTS")
  set -- --resume "$@"
  # Processes that start again would meet in the store of the first start, and read old addresses there.
  export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
else
  meeting=(--node_rank="${NODE_RANK:-0}" --master_addr="$address" --master_port="$port")
fi
torchrun --nnodes="${NNODES:-1}" --nproc_per_node="$processes" "${meeting[@]}" \
  "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@" &
child=$!

# torchrun passes on SIGTERM alone, and ends with status 1. The processes stop after a step, and save it.
stop() { stopped=$1; kill -TERM "$child" 2>/dev/null || true; }
trap 'stop 130' INT
trap 'stop 143' TERM
trap 'stop 138' USR1
status=0
wait "$child" || status=$?
while kill -0 "$child" 2>/dev/null; do  # a signal has ended the wait
  status=0
  wait "$child" || status=$?
done
exit "${stopped:-$status}"
