"""EmoNeXt-mini on FER2013 at 48 px, from scratch, for machines without a GPU.

    python tools/train.py configs/emonext_mini_fer2013_48.py

Cost: 142 minutes for the 48 epochs, validation included, on two cores of an AMD EPYC: 0.745 s for 128 images, the
median of a run (commit b2bce62) that was interrupted and shared its machine at times; 1.6 GB of memory. It used
tcmalloc, without which a step takes a fifth longer (docs/benchmarks.md).
Result: best epoch (39, chosen on PublicTest; the last one had 70.27 %), EMA weights, on PublicTest itself:

    python tools/test.py configs/emonext_mini_fer2013_48.py --pretrained --cfg-options test_dataloader.dataset.split=val

single view 70.49 % (68.98 to 71.96; leak-free 68.50 %), with --tta 71.19 % (69.69 to 72.65; leak-free 69.20 %).
The weights are in the package: docs/models.
Origin of the values: ours, see below and the files of `_base_`.
"""
_base_ = [
    '_base_/models/emonext_mini_48.py',
    '_base_/datasets/fer2013_stored.py',
    '_base_/schedules/scratch_muon.py',
    '_base_/evaluators.py',
    '_base_/default_runtime.py',
]

data_preprocessor = dict(
    # From a quarter larger to an eighth smaller, because no detector finds FER2013's own frame.
    view=dict(type='AffineView', size=48, shift=5, degrees=15, flip=0.5, zoom=(0.8, 1.143)),
    photometry=dict(type='RandomPhotometry', contrast=1.5, brightness=0.3, blur=0.3, noise=0.1, erase=0.3),
    batch_augments=dict(augments=dict(type='Mixup', alpha=0.4), probs=0.5),
)
model = dict(backbone=dict(drop_path_rate=0.1))
train_dataloader = dict(batch_size=128)
train_cfg = dict(max_epochs=48)
default_hooks = dict(visualization=dict(rescale_factor=6))  # 48 px are too few for a caption
