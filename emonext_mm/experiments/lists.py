"""Lists of experiments: configs and changes to them, each run with several seeds."""
from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from emonext_mm.evaluation.protocol import check_splits
from emonext_mm.utils.command_line import check_preprocessor
from emonext_mm.utils.files import check_regular, read_text
from emonext_mm.utils.options import OptionAction, merge_options
from emonext_mm.utils.strangers import parse_yaml, shorten

LARGEST = 2**20  # bytes of a list
OWN_OPTIONS = ('launcher', 'resume', 'work_dir', 'randomness', 'randomness.seed')  # set for each experiment


class Experiment(NamedTuple):
    """One training, with one seed, and its tests."""

    name: str
    seed: int
    config: Path
    options: tuple[str, ...]  # KEY=VALUE, as on the command line
    paper: float | None  # accuracy in the paper, %
    measured: str | None  # how the paper measured it
    folder: Path  # of checkpoints, logs and predictions
    cfg: Config  # the config with the options

    def __str__(self) -> str:
        return f'{self.name}, seed {self.seed}'


def add_list_options(parser: ArgumentParser) -> None:
    """Add a list, its seeds and the names of its runs to a command line."""
    parser.add_argument('list', type=Path, help='a .yml file, such as those in configs/experiments')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0], help='default: 0')
    parser.add_argument('--only', nargs='+', default=[], metavar='NAME', help='names of the runs, for example one row')


def folder_of(path: str | Path, out: str | Path | None) -> Path:
    """Folder of all results of a list: ``out`` or, without it, ``work_dirs/<name of the list>``."""
    return Path(out) if out else Path('work_dirs') / Path(path).stem


def read_list(path: str | Path, seeds: Sequence[int], out: str | Path, options: Sequence[str] = (),
              only: Sequence[str] = ()) -> list[Experiment]:
    """Read a list in YAML and all its configs, whose paths are relative to the list. ::

        options: [test_dataloader.dataset.split=val]      # for all runs; optional
        runs:
          emonext_tiny:                                   # also the name of a folder
            config: ../emonext_tiny_fer2013.py
            options: [model.head.sa_weight=10]            # optional
            paper: 73.34                                  # accuracy in %; optional
            measured: PrivateTest, ten crops              # how that was measured; optional

    Args:
        path: the list.
        seeds: every run is repeated with each of them.
        out: folder; the files of an experiment are in ``<out>/<name>/seed_<seed>``.
        options: for all runs; they override those of the list.
        only: names of the runs to read; all when empty.

    Raises:
        ValueError: the list, a name or an option is wrong, or a config breaks the protocol of FER2013; the message
            names the run.
        OSError: the list or a config cannot be read.
    """
    if len(set(seeds)) < len(seeds):
        raise ValueError(f'seeds {" ".join(map(str, seeds))}: expected each seed once')
    content = parse_yaml(read_text(path, LARGEST), str(path))
    _check(str(path), content, dict(runs=dict, options=list), needed='runs')
    _check_names(path, list(content['runs']))
    unknown = [name for name in only if name not in content['runs']]
    if unknown:
        raise ValueError(f'{path}: there is no {", ".join(unknown)}; known are {", ".join(content["runs"])}')
    experiments = [experiment for name, entry in content['runs'].items() if not only or name in only
                   for experiment in _make_experiments(
                       Path(path), name, entry, content.get('options', []), seeds, Path(out), options)]
    _check_different(path, experiments)
    return experiments


def _check_different(path: str | Path, experiments: Sequence[Experiment]) -> None:
    """Refuse two names for one run: their results would be equal, and look like two."""
    for index, one in enumerate(experiments):
        for other in experiments[:index]:
            if one.seed == other.seed and one.cfg._cfg_dict == other.cfg._cfg_dict:
                raise ValueError(f'{path}, {one.name}: the same config and options as {other.name}')


def _check_names(path: str | Path, names: list) -> None:
    """Names become folders, and some file systems do not tell small letters from capitals.

    Raises:
        ValueError: see above.
    """
    for index, name in enumerate(names):
        if not isinstance(name, str) or not re.fullmatch(r'[A-Za-z0-9][\w.-]{0,99}', name):
            raise ValueError(f'{path}, {shorten(name)}: a name is a text of up to 100 letters, digits, _, - and .')
        if name.lower() in map(str.lower, names[:index]):
            raise ValueError(f'{path}, {name}: another run has this name in other letters')


def _make_experiments(path: Path, name: str, entry: Any, common: list, seeds: Sequence[int], out: Path,
                      more: Sequence[str]) -> list[Experiment]:
    where = f'{path}, {name}'
    _check(where, entry, dict(config=str, options=list, paper=(int, float), measured=str), needed='config')
    if not 0 <= entry.get('paper', 0) <= 100:  # nor is NaN
        raise ValueError(f'{where}: paper is {shorten(entry["paper"])}, expected an accuracy in %')
    config = _find_config(where, path.parent / entry['config'])
    experiments = []
    for seed in seeds:
        options = (*common, *entry.get('options', []), *more, f'randomness.seed={seed}')
        folder = out / name / f'seed_{seed}'
        cfg = _read_config(where, config, options)
        experiments.append(Experiment(name, seed, config, options, entry.get('paper'),
                                      entry.get('measured'), folder, cfg))
    return experiments


def _find_config(where: str, config: Path) -> Path:
    try:
        check_regular(config)
    except (OSError, ValueError):
        raise FileNotFoundError(f'{where}: there is no config {str(config)[:300]}') from None
    return config.resolve()


def _read_config(where: str, config: Path, options: Sequence[str]) -> Config:
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=OptionAction)
    wrong = [option for option in options if not re.match(r'[^=\s-][^=\s]*=', str(option))]
    if wrong:
        raise ValueError(f'{where}: option {shorten(wrong[0])}, expected KEY=VALUE')
    own = [option for option in options[:-1] if option.partition('=')[0] in OWN_OPTIONS]
    if own:
        raise ValueError(f'{where}: option {shorten(own[0])} is set by the runner of the experiments')
    try:
        cfg = Config.fromfile(config)
        merge_options(cfg, parser.parse_args(['--cfg-options', *options]).cfg_options)
        check_preprocessor(cfg)
        check_splits(cfg)
    except Exception as error:  # a config is a program and may raise anything
        text = ' '.join(str(error).split())[:500]
        raise ValueError(f'{where}: {type(error).__name__} in {config.name}: {text}') from error
    return cfg


def _check(where: str, content: Any, kinds: dict[str, Any], needed: str) -> None:
    """Refuse everything but a dict with these keys and types, and with the needed key."""
    if not isinstance(content, dict) or not content.get(needed):
        raise ValueError(f'{where}: there is no {needed!r}')
    for key, value in content.items():
        if key not in kinds:
            raise ValueError(f'{where}: {shorten(key)}, expected {", ".join(kinds)}')
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise ValueError(f'{where}: {key} is {shorten(value)}')
