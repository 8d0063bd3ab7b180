"""Lists of experiments: configs and changes to them, each run with several seeds."""
from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from mmengine.config import Config, DictAction

from emonext_mm.evaluation.protocol import check_protocol
from emonext_mm.utils.command_line import check_preprocessor


class Experiment(NamedTuple):
    """One training, with one seed, and its tests."""

    name: str
    seed: int
    config: Path
    options: tuple[str, ...]  # KEY=VALUE, as on the command line
    paper: float | None  # accuracy in the paper, %
    folder: Path  # of checkpoints, logs and predictions
    cfg: Config  # the config with the options

    def __str__(self) -> str:
        return f'{self.name}, seed {self.seed}'


def read_list(path: str | Path, seeds: Sequence[int], out: str | Path, options: Sequence[str] = (),
              only: Sequence[str] = ()) -> list[Experiment]:
    """Read a list in YAML and all its configs, whose paths are relative to the list. ::

        options: [test_dataloader.dataset.split=val]      # for all runs; optional
        runs:
          emonext_tiny:                                   # also the name of a folder
            config: ../emonext_tiny_fer2013.py
            options: [model.head.sa_weight=10]            # optional
            paper: 73.34                                  # accuracy in %; optional

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
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is not YAML: {" ".join(str(error).split())}') from None
    _check(str(path), content, dict(runs=dict, options=list), needed='runs')
    unknown = [name for name in only if name not in content['runs']]
    if unknown:
        raise ValueError(f'{path}: there is no {", ".join(unknown)}; known are {", ".join(content["runs"])}')
    return [experiment for name, entry in content['runs'].items() if not only or name in only
            for experiment in _make_experiments(
                Path(path), name, entry, content.get('options', []), seeds, Path(out), options)]


def _make_experiments(path: Path, name: Any, entry: Any, common: list, seeds: Sequence[int], out: Path,
                      more: Sequence[str]) -> list[Experiment]:
    where = f'{path}, {name}'
    if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', str(name)):
        raise ValueError(f'{where}: a name consists of letters, digits, _, - and .')
    _check(where, entry, dict(config=str, options=list, paper=(int, float)), needed='config')
    config = (path.parent / entry['config']).resolve()
    experiments = []
    for seed in seeds:
        options = (*common, *entry.get('options', []), *more, f'randomness.seed={seed}')
        folder = out / str(name) / f'seed_{seed}'
        cfg = _read_config(where, config, options)
        experiments.append(Experiment(str(name), seed, config, options, entry.get('paper'), folder, cfg))
    return experiments


def _read_config(where: str, config: Path, options: Sequence[str]) -> Config:
    parser = ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    wrong = [option for option in options if not re.match(r'[^=\s-][^=\s]*=', str(option))]
    if wrong:
        raise ValueError(f'{where}: option {wrong[0]!r}, expected KEY=VALUE')
    if not config.is_file():
        raise FileNotFoundError(f'{where}: there is no config {config}')
    try:
        cfg = Config.fromfile(config)
        cfg.merge_from_dict(parser.parse_args(['--cfg-options', *options]).cfg_options)
        check_preprocessor(cfg)
        check_protocol(cfg)
    except Exception as error:  # a config is a program and may raise anything
        raise ValueError(f'{where}: {type(error).__name__} in {config.name}: {error}') from error
    return cfg


def _check(where: str, content: Any, kinds: dict[str, Any], needed: str) -> None:
    """Refuse everything but a dict with these keys and types, and with the needed key."""
    if not isinstance(content, dict) or not content.get(needed):
        raise ValueError(f'{where}: there is no {needed!r}')
    for key, value in content.items():
        if key not in kinds:
            raise ValueError(f'{where}: {key!r}, expected {", ".join(kinds)}')
        if not isinstance(value, kinds[key]) or isinstance(value, bool):
            raise ValueError(f'{where}: {key} is {value!r}')
