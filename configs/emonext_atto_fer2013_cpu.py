"""EmoNeXt-atto on FER2013 at 48 px, from scratch, for people without a GPU.

    python tools/train.py configs/emonext_atto_fer2013_cpu.py
    tools/dist_train.sh configs/emonext_atto_fer2013_cpu.py 2 --cfg-options train_dataloader.batch_size=32

The second, two processes of one thread each, makes more of two cores: 0.29 to 0.33 s for 64 images where nothing
else runs, against 0.33 to 0.39 s, so 45 to 50 minutes for the 20 epochs. The run below began as the first for an
epoch, was resumed as the second, and shared its machine. Its best epoch (19, chosen on the same split):

    python tools/test.py configs/emonext_atto_fer2013_cpu.py work_dirs/emonext_atto_fer2013_cpu \\
        --cfg-options test_dataloader.dataset.split=val

PublicTest, single view, EMA weights: accuracy 58.96 % (95 % interval 57.34 to 60.56), macro-F1 55.88 %.
With --tta, ten crops: accuracy 59.99 % (58.38 to 61.58), macro-F1 56.04 %.
"""
_base_ = [
    '_base_/models/emonext_atto_48.py',
    '_base_/datasets/fer2013_stored.py',
    '_base_/schedules/scratch_cpu.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

# Augmentation ours: mirrored, shifted by up to 4 px, turned by up to 15 degrees, an eighth larger or smaller.
model = dict(data_preprocessor=dict(
    view=dict(type='AffineView', size=48, shift=4, degrees=15, flip=0.5, zoom=(0.875, 1.143))))
train_cfg = dict(max_epochs=36)
default_hooks = dict(visualization=dict(rescale_factor=6))  # 48 px have no room for a caption
