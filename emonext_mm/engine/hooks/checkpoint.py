"""Checkpoints that survive a kill at any instant."""
from __future__ import annotations

import io
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from emonext_mm.utils.files import remove_parts, write_atomic
from emonext_mm.utils.work_dir import is_whole

BACKEND = 'emonext_mm.atomic'
VALIDATED = 'epochs_validated'  # in the runtime info of a checkpoint; keys that begin with val or train are logged


class AtomicBackend(LocalBackend):
    """Local files that are written as a whole or not at all, and removed when :meth:`remove_now` is called."""

    def __init__(self) -> None:
        self._old: list[str] = []

    def put(self, obj: bytes | io.BytesIO, filepath: str) -> None:
        """Write a file."""
        write_atomic(filepath, obj if isinstance(obj, bytes) else obj.getvalue())

    def remove(self, filepath: str) -> None:
        """Note a file that is to be removed."""
        self._old.append(filepath)

    def remove_now(self, *kept: str | None) -> None:
        """Remove the noted files but those that are kept."""
        for path in self._old:
            if path not in kept and self.isfile(path):
                super().remove(path)
        self._old.clear()


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's ``CheckpointHook`` that leaves a whole last and a whole best checkpoint whenever a process is killed.

    - A file is written under another name, and renamed when it is whole.
    - An old checkpoint is removed after the new one is written, and after ``last_checkpoint`` names it.
    - The last checkpoint is written again after a validation, so that it holds what the validation changed: the best
      score, the counter of early stopping, and learning rates that depend on it.
    - A validation that a kill prevented is done when the training is resumed, so that its best checkpoint is not lost.
    - A training that is resumed in another folder copies the best checkpoint to it.

    Only checkpoints on local disks are safe. With other ``backend_args`` it is MMEngine's hook.

    Args:
        **kwargs: as in ``CheckpointHook``.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self._is_local = self.backend_args is None and self.file_client_args is None
        if self._is_local:
            register_backend(BACKEND, AtomicBackend, force=True)  # not on import, which changes nothing
            self.backend_args = dict(backend=BACKEND)

    def before_train(self, runner: Runner) -> None:
        """Do the validation that the checkpoint of a resumed training still owes."""
        super().before_train(runner)
        if self._is_local and is_main_process():
            remove_parts(self.out_dir, '*.pth')
        self._find_files_here(runner)
        done = runner.message_hub.runtime_info.get(VALIDATED)
        if done is None:  # a new training, or one of another hook
            runner.message_hub.update_info(VALIDATED, runner.epoch)
        elif done < runner.epoch and self._is_validated(runner):
            runner.logger.info(f'Epoch {runner.epoch} was not validated: it is now.')
            runner.val_loop.run()

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best checkpoint, and the last one again."""
        self._saved = False
        runner.message_hub.update_info(VALIDATED, runner.epoch)
        super().after_val_epoch(runner, metrics)
        is_last = self.last_ckpt is not None and Path(self.last_ckpt).name == self.filename_tmpl.format(runner.epoch)
        if self.by_epoch and is_last and not self._saved:
            self._save_checkpoint_with_step(runner, runner.epoch, dict(epoch=runner.epoch, iter=runner.iter))

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        super()._save_checkpoint_with_step(runner, step, meta)
        self._saved = True
        self._remove_old()

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        super()._save_best_checkpoint(runner, metrics)
        self._remove_old()

    def _remove_old(self) -> None:
        if self._is_local and is_main_process():
            best = getattr(self, 'best_ckpt_path_dict', {}).values()
            self.file_backend.remove_now(self.last_ckpt, getattr(self, 'best_ckpt_path', None), *best)

    def _find_files_here(self, runner: Runner) -> None:
        """Point to the checkpoints of this folder: a moved or copied training has noted those of another one."""
        def here(path: str) -> str:
            return str(Path(self.out_dir) / Path(path).name)

        last = here(self.filename_tmpl.format(runner.epoch))
        if self.by_epoch and Path(last).exists():  # else a validation that is owed would not save it again
            self.last_ckpt = last
        if getattr(self, 'best_ckpt_path', None):
            self.best_ckpt_path = here(self.best_ckpt_path)
            self._bring(self.best_ckpt_path, runner)
        if getattr(self, 'best_ckpt_path_dict', None):
            self.best_ckpt_path_dict = {key: path and here(path) for key, path in self.best_ckpt_path_dict.items()}
            for path in filter(None, self.best_ckpt_path_dict.values()):
                self._bring(path, runner)

    def _bring(self, best: str, runner: Runner) -> None:
        """Copy a best checkpoint from the folder of the checkpoint which is resumed, if that is another folder."""
        source = Path(runner._load_from or best).with_name(Path(best).name)
        if not self._is_local or not is_main_process() or source.resolve() == Path(best).resolve():
            return
        if source.is_file() and is_whole(source):
            write_atomic(best, source.read_bytes())
        else:
            runner.logger.warning(f'{source} is missing or cut. {self.out_dir} has no best checkpoint until a '
                                  'validation exceeds the earlier best score.')

    def _is_validated(self, runner: Runner) -> bool:
        """Whether the training validates after the epoch that it has reached."""
        loop = runner.train_loop
        if not self.by_epoch or runner.val_loop is None or runner.epoch < loop.val_begin:
            return False
        return runner.epoch % loop.val_interval == 0 or runner.epoch == loop.max_epochs
