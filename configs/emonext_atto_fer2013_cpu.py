"""EmoNeXt-atto on FER2013 at 48 px, from scratch, for machines without a GPU.

    python tools/train.py configs/emonext_atto_fer2013_cpu.py
    tools/dist_train.sh configs/emonext_atto_fer2013_cpu.py 2 --cfg-options train_dataloader.batch_size=32

Cost: 53 minutes for the 36 epochs on two cores of an AMD EPYC with the second command (two processes of one thread
each): 0.186 s for 64 images, the median of a run that was interrupted and shared its machine at times. The run was made
before the cross entropy was computed in float32 under autocast.
Result: best epoch (32, chosen on PublicTest; the last one had 63.81 %), EMA weights, on PublicTest itself:

    python tools/test.py configs/emonext_atto_fer2013_cpu.py work_dirs/emonext_atto_fer2013_cpu \
        --cfg-options test_dataloader.dataset.split=val

- single view: accuracy 64.70 % (95 % interval 63.12 to 66.24), macro-F1 61.08 %; leak-free accuracy 62.66 % (60.99 to
  64.30);
- ten crops (--tta): accuracy 66.12 % (64.55 to 67.65), macro-F1 63.39 %; leak-free accuracy 64.09 % (62.43 to 65.71).

Origin of the values: ours, see below and the files of `_base_`.
"""
_base_ = [
    '_base_/models/emonext_atto_48.py',
    '_base_/datasets/fer2013_stored.py',
    '_base_/schedules/scratch_cpu.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

# Augmentation (ours): flip, shift by up to 4 px, rotation by up to 15 degrees, an eighth larger or smaller.
data_preprocessor = dict(
    view=dict(type='AffineView', size=48, shift=4, degrees=15, flip=0.5, zoom=(0.875, 1.143)))
train_cfg = dict(max_epochs=36)
default_hooks = dict(visualization=dict(rescale_factor=6))  # 48 px are too few for a caption
