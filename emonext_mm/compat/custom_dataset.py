"""MMPretrain's ``CustomDataset``: class folders by name, no image left out, faults of its lists named."""
from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence

from mmengine.fileio import list_from_file
from mmpretrain.datasets import CustomDataset, custom

from emonext_mm.utils.images import SUFFIXES
from emonext_mm.utils.strangers import list_names, shorten


def label_folders_by_name() -> None:
    """Let ``CustomDataset`` label the images of class folders by the names of the folders.

    MMPretrain numbers the folders in sorted order, and compares with ``classes`` only how many there are: with classes
    in another order, or a folder of another class, all names in predictions, metrics and checkpoints are wrong. Where
    no folder has the name of a class, in any case, as with the folders of ImageNet, that order stays.

    Raises:
        ValueError: from the loading: a class has no folder, or a folder no class, by its exact name; or only their
            numbers differ.
    """
    original = CustomDataset._find_samples

    @functools.wraps(original)
    def find_samples(self: CustomDataset) -> list:
        if not self.with_label or self.CLASSES is None:
            return original(self)
        folders, _ = custom.find_folders(self.img_prefix)
        labels = _label_folders(self.img_prefix, folders, list(map(str, self.CLASSES)))
        samples = original(self)
        self.folder_to_idx = dict(zip(folders, labels))
        return [(path, labels[index]) for path, index in samples]

    CustomDataset._find_samples = find_samples


def refuse_other_suffixes() -> None:
    """Let ``CustomDataset`` refuse images of a suffix that it does not know, such as .webp, which it leaves out.

    Whoever sets other ``extensions`` than MMPretrain's chooses what is left out.

    Raises:
        ValueError: from the loading, with the name of the first such file.
    """
    original = CustomDataset.is_valid_file
    default = set(inspect.signature(CustomDataset).parameters['extensions'].default)

    @functools.wraps(original)
    def is_valid_file(self: CustomDataset, filename: str) -> bool:
        valid = original(self, filename)
        if not valid and set(self.extensions) == default and filename.lower().endswith(SUFFIXES):
            raise ValueError(f'{filename}, below {self.img_prefix}, would be left out: extensions of CustomDataset has '
                             f'only {", ".join(sorted(default))}; set it to the suffixes that are to be read')
        return valid

    CustomDataset.is_valid_file = is_valid_file


def name_lines_of_lists() -> None:
    """Let ``CustomDataset`` name the line of its ``ann_file`` that has no path and label, separated by a blank.

    Raises:
        ValueError: from the loading, with file and line.
    """
    original = CustomDataset.load_data_list

    @functools.wraps(original)
    def load_data_list(self: CustomDataset) -> list:
        try:
            return original(self)
        except ValueError:
            if self.ann_file and self.with_label:
                _check_lines(self.ann_file)
            raise

    CustomDataset.load_data_list = load_data_list


class _FolderError(ValueError, AssertionError):
    """Folders that do not fit the classes. MMPretrain raises an AssertionError, which others may expect."""


def _label_folders(root: str, folders: Sequence[str], classes: Sequence[str]) -> list[int]:
    """Label of each folder: the index of its name in the classes or, where none has such a name, in the folders."""
    indices, known = {name: index for index, name in enumerate(classes)}, set(folders)
    unknown = [name for name in folders if name not in indices]
    missing = [name for name in classes if name not in known]
    by_name = {name.lower() for name in folders} & {name.lower() for name in classes}
    if by_name and (unknown or missing):
        parts = (('folders without a class', unknown), ('classes without a folder', missing))
        raise _FolderError(f'{root}: {"; ".join(f"{text}: {list_names(names)}" for text, names in parts if names)}')
    if len(folders) != len(classes):
        raise _FolderError(f"{root}: the number of folders ({len(folders)}) doesn't match that of the classes "
                           f'({len(classes)})')
    return [indices[name] for name in folders] if by_name else list(range(len(folders)))


def _check_lines(ann_file: str) -> None:
    for number, line in enumerate(list_from_file(ann_file), start=1):
        try:
            _, label = line.strip().rsplit(' ', 1)
            int(label)
        except ValueError:
            raise ValueError(f'{ann_file}, line {number}: {shorten(line)}, expected a path, a blank and the number of '
                             'a class') from None
