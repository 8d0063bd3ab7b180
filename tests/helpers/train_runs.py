"""Several trainings in turn in each of some processes: ``torchrun ... -m tests.helpers.train_runs CONFIG FOLDER RUNS``.

RUNS is JSON: {name of a run: {key: value of the config}}. The work dir of a run is FOLDER/NAME.
"""
import json
import sys

import emonext_mm.engine.hooks.sharded_ema
import emonext_mm.engine.sharding  # noqa: F401 (they register what a config imports)
from emonext_mm.apis.train import train


def main(config, folder, runs):
    for name, options in json.loads(runs).items():
        train(config, f'{folder}/{name}', cfg_options=options, launcher='pytorch')


if __name__ == '__main__':
    main(*sys.argv[1:])
