#!/usr/bin/env bash
# What only a GPU can show, in one go: training in half precision with a GradScaler, the benchmarks against the authors'
# code and timm, then EmoNeXt and ConvNeXt on FER2013 from scratch, for as many epochs as there is time for both.
#
#   tools/benchmarks/gpu.sh OUT [SECONDS [REFERENCE]]
#
# OUT is a new folder: a log and a .json of each part, predictions on PublicTest, and summary.txt. SECONDS, by default
# 570, are those of all parts. REFERENCE is a checkout of the authors' code; without it there is no such side.
# FER2013 is in data/fer2013. DRY=1 has tiny settings, for a test without a GPU. A part that fails does not end the
# others; the exit status is then 1.
set -uo pipefail
out=$(realpath -m "$1") seconds=${2:-570} reference=()
[[ -z ${3:-} ]] || reference=(--reference "$(realpath "$3")")
cd "$(dirname "$0")/../.." || exit
mkdir -p "$out"
python=${PYTHON:-python} failed=0
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}

left() { echo $((seconds - SECONDS)); }
note() { echo "$*" | tee -a "$out/summary.txt"; }

# run NAME LIMIT COMMAND...: at most LIMIT seconds, and not beyond the end.
run() {
  local name=$1 limit=$2 start=$SECONDS status=0
  shift 2
  ((limit < $(left))) || limit=$(left)
  ((limit > 0)) || { note "$name: no time left"; failed=1; return 1; }
  timeout --kill-after 15 "$limit" "$@" > "$out/$name.log" 2>&1 || status=$? failed=1
  note "$name: exit status $status, $((SECONDS - start)) s"
  return "$status"
}

# test_views NAME [OPTION]: a test of the training of train(), whose variables it uses.
test_views() {
  run "$1" 60 "$python" tools/test.py "$config" "$work" --work-dir "$work.test" --out "$out/$1.json" "${@:2}" \
    --cfg-options test_dataloader.dataset.split=val "${tiny[@]}"
  sed -n '/^Tested /,/^checkpoint/p' "$out/$1.log" | tee -a "$out/summary.txt"
}

# probe CONFIG: adds the config and the seconds of its epoch, from a training on a part of the faces, to ``epoch``.
probe() {
  local config=$1 name
  name=$(basename "$config" .py)
  run "$name.probe" 120 "$python" tools/train.py "$config" --work-dir "$out/$name.probe" "${common[@]}" \
    train_cfg.max_epochs=1 default_hooks.logger.interval=5 "train_dataloader.dataset.indices=$part" || return
  epoch[$config]=$("$python" - "$out/$name.probe" "$config" "$faces" <<'PY'
import math, sys
from mmengine.config import Config
from emonext_mm.utils.training_log import read_log
work, config, faces = sys.argv[1:]
steps = int(faces) // Config.fromfile(config).train_dataloader.batch_size or 1
print(math.ceil(1.05 * steps * read_log(work).training[-1]['time'] + 4))  # validation, best checkpoint: at most 4 s
PY
  ) || { note "$name: the probe gives no time"; failed=1; unset "epoch[$config]"; }
  rm -rf "$out/$name.probe"
}

# train CONFIG EPOCHS: then tests on a single view and on ten crops, for which a minute is kept. A training that is
# stopped early is tested too: its best checkpoint is there.
train() {
  local config=$1 epochs=$2 name
  name=$(basename "$config" .py)
  local work="$out/$name" limit=$((epochs * ${epoch[$config]} * 6 / 5 + 60))
  ((limit < $(left) - 60)) || limit=$(($(left) - 60))
  run "$name.train" "$limit" "$python" tools/train.py "$config" --work-dir "$work" "${common[@]}" \
    "train_cfg.max_epochs=$epochs"
  test_views "$name.single"
  test_views "$name.ten_crops" --tta
}

if [[ -n ${DRY:-} ]]; then
  tiny=(train_dataloader.batch_size=4 val_dataloader.dataset.indices=8 test_dataloader.dataset.indices=8
    train_dataloader.dataset.indices=16)
  step=(--batch 2 --rounds 1) path=(--images 8 --batch 4 --rounds 1) part=8 faces=16
  half=(train_dataloader.batch_size=8 train_dataloader.dataset.num_samples=56 val_dataloader.dataset.num_samples=56
    train_cfg.max_epochs=1 optim_wrapper.dtype=bfloat16)
else
  tiny=() step=(--batch 64 --rounds 5) path=(--rounds 3) part=5120 faces=28709
  half=(optim_wrapper.dtype=float16 optim_wrapper.loss_scale=dynamic)
fi

"$python" -c 'import torch; print(torch.__version__, torch.cuda.is_available() and torch.cuda.get_device_name())' \
  | tee "$out/summary.txt"
run half_precision 120 "$python" tools/train.py configs/emonext_atto_synthetic.py --work-dir "$out/half" \
  --cfg-options "${half[@]}"
sed -n 's/.*Epoch(val).*\(accuracy\/top1: [0-9.]*\).*/\1/p' "$out/half_precision.log" | tail -n 1 \
  | tee -a "$out/summary.txt"
run train_step 120 "$python" tools/benchmarks/train_step.py "${step[@]}" "${reference[@]}" --json "$out/train_step.json"
run data_path 60 "$python" tools/benchmarks/data_path.py "${path[@]}" "${reference[@]}" --json "$out/data_path.json"

# Beside the best checkpoint only the last one is written: a whole one after each epoch would take seconds.
common=(--cfg-options default_hooks.checkpoint.interval=1000 "${tiny[@]}")
configs=(configs/emonext_tiny_fer2013_64.py configs/convnext_tiny_fer2013_64.py) together=0
declare -A epoch=()
for config in "${configs[@]}"; do
  probe "$config"
  together=$((together + ${epoch[$config]:-0}))
done
# Start and tests of a training take at most 90 s. All have the same number of epochs, to be comparable.
epochs=1
if [[ -z ${DRY:-} ]] && ((together)); then
  epochs=$((($(left) - 90 * ${#epoch[@]}) / together))
  ((epochs > 0)) || epochs=1
fi
note "$epochs epochs each"
for config in "${configs[@]}"; do
  [[ -z ${epoch[$config]:-} ]] || train "$config" "$epochs"
done
note "done, $SECONDS s"
exit "$failed"
