"""The traps of MMEngine, MMCV and MMPretrain that ``emonext_mm.compat`` mends.

Data alone, without torch: the manual's page on ``emonext_mm.compat`` is generated from it. ``meet_traps.py`` holds a
function per trap that shows the fault.
"""

# name: (the function that mends it, the fault in one sentence)
TRAPS = {
    'scope_bases': (
        'emonext_mm.compat.packages.resolve_scope_bases',
        "A config with `_base_ = 'mmpretrain::...'` fails with ModuleNotFoundError, because MMEngine asks "
        '`pkg_resources`, which setuptools 82 removed.',
    ),
    'own_scope': (
        'emonext_mm.compat.packages.resolve_own_scope',
        "A config with `_base_ = 'emonext_mm::...'` fails with ValueError, because MMEngine knows only the names of "
        "OpenMMLab's packages.",
    ),
    'average_of_other_classes': (
        'emonext_mm.compat.functions.average_of_new_training',
        'A training that starts from a checkpoint with another number of classes (`load_from`) fails with RuntimeError '
        'if it has an `EMAHook`: the model takes what fits, the average must fit.',
    ),
    'missing_tasks': (
        'emonext_mm.compat.functions.name_missing_tasks',
        'A `MultiTaskHead` that is given labels of one task fails with an AssertionError without a message.',
    ),
    'folder_order': (
        'emonext_mm.compat.custom_dataset.label_folders_by_name',
        '`CustomDataset` labels class folders in sorted order and not by name, so that `classes` in another order '
        'exchanges the names of all predictions.',
    ),
    'left_out_images': (
        'emonext_mm.compat.custom_dataset.refuse_other_suffixes',
        '`CustomDataset` leaves out images of suffixes that it does not know, such as `.webp`, without a word.',
    ),
    'unnamed_lines': (
        'emonext_mm.compat.custom_dataset.name_lines_of_lists',
        'An `ann_file` with a wrong line fails with `not enough values to unpack`, without file or line.',
    ),
    'checkpoint_types': (
        'emonext_mm.compat.checkpoints.allow_checkpoint_types',
        "MMEngine's own training checkpoint cannot be resumed or tested, because torch's weights-only loader refuses "
        'the history of losses in it.',
    ),
    'code_from_url': (
        'emonext_mm.compat.checkpoints.load_weights_only',
        'A checkpoint from a URL can run code, because it is loaded without `weights_only`.',
    ),
    'code_by_environment': (
        'emonext_mm.compat.checkpoints.load_weights_only',
        'A checkpoint can run code where the environment sets `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`.',
    ),
    'foreign_weights': (
        'emonext_mm.compat.checkpoints.refuse_unfit_weights',
        'A checkpoint of another model is accepted although none of its tensors fits, and the model stays freshly '
        'initialised.',
    ),
    'weights_in_part': (
        'emonext_mm.compat.checkpoints.load_whole_models',
        'A test, a resumed training and a prediction accept a checkpoint that lacks a layer, which stays freshly '
        'initialised.',
    ),
    'ema_under_tta': (
        'emonext_mm.compat.config.drop_ema_hook',
        'A test with `--tta` of a config with an EMA hook measures a freshly initialised model.',
    ),
    'amp_on_cpu': (
        'emonext_mm.compat.config.adapt_amp',
        'A config with mixed precision does not start on a CPU.',
    ),
    'persistent_workers': (
        'emonext_mm.compat.config.fix_dataloaders',
        "A data loader with `num_workers=0` fails with ValueError, because the host's configs ask for persistent "
        'workers.',
    ),
    'named_backends': (
        'emonext_mm.compat.config.build_named_backends',
        'Names of visualization backends on the command line fail with TypeError, because MMEngine takes only dicts.',
    ),
    'one_second': (
        'emonext_mm.compat.config.name_runner',
        'Two runners of one process that start in one second share log, message hub and visualizer: the losses of the '
        'second one are written behind those of the first.',
    ),
    'hue': (
        'emonext_mm.compat.functions.shift_hue_down',
        '`ColorJitter(hue=...)` fails with OverflowError on NumPy 2 for about half of the images.',
    ),
    'reentrant_checkpoint': (
        'emonext_mm.compat.functions.checkpoint_without_reentry',
        'A ConvNeXt with `with_cp=True` warns at every block, and `torch.autograd.grad` refuses it.',
    ),
    'subset_memo': (
        'emonext_mm.compat.functions.copy_subsets_afresh',
        '`get_subset` of a data set can copy attributes of another, deleted object, because all copies share one memo.',
    ),
    'freed_memory': (
        'emonext_mm.compat.process.keep_freed_memory',
        'A training step on a CPU is slower by about an eighth, because glibc returns freed arrays to the system and '
        'gets them back page by page.',
    ),
    'cpu_launcher': (
        'emonext_mm.compat.process.init_cpu_dist',
        '`--launcher pytorch` and `slurm` fail without a GPU, because MMEngine calls `torch.cuda.set_device`.',
    ),
    'cpu_wrapper': (
        'emonext_mm.compat.config.adapt_dist',
        'A distributed training on CPUs fails with ValueError, because MMEngine gives DistributedDataParallel a '
        'device index.',
    ),
    'cpu_sync_batch_norm': (
        'emonext_mm.compat.batch_norm.sync_batch_norm_on_cpu',
        "A distributed training with `sync_bn = 'torch'` fails with ValueError on CPUs, because PyTorch has "
        '`SyncBatchNorm` for GPUs alone.',
    ),
}

# name: (the function that silences it, a part of the text); harmless warnings and lines of the log
WARNINGS = {
    'no CUDA ops': (
        'emonext_mm.compat.process.silence_known_warnings', 'Fail to import ``MultiScaleDeformableAttention``'),
    'pillow alpha': ('emonext_mm.compat.process.silence_known_warnings', "Only use 'alpha' for pillow backend."),
    'GradScaler': (
        'emonext_mm.compat.process.silence_known_warnings',
        '`torch.cuda.amp.GradScaler(args...)` is deprecated'),
    'FileClient': (
        'emonext_mm.compat.process.silence_known_warnings', '"FileClient" will be deprecated in future'),
    'HardDiskBackend': (
        'emonext_mm.compat.process.silence_known_warnings',
        '"HardDiskBackend" is the alias of "LocalBackend"'),
    'DumpResults': (
        'emonext_mm.compat.process.silence_known_warnings', 'The prefix is not set in metric class DumpResults.'),
    'broadcast_buffers': (
        'emonext_mm.compat.process.silence_known_warnings', '`broadcast_buffers` is deprecated'),
    'pin_memory': ('emonext_mm.compat.config.fix_dataloaders', "'pin_memory' argument is set as true"),
}
