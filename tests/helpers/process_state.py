"""The state of a process that an import must leave alone.

``python -m tests.helpers.process_state PRELUDE STATEMENT`` imports the host, executes the prelude, compares the state
before and after the statement, and prints the differences as JSON, ``name -> [removed, added]``. A value that was
replaced counts as both.
"""
import importlib
import json
import logging
import os
import random
import sys
import types
import warnings

HOST = ('mmengine', 'mmcv', 'mmpretrain', 'torch', 'torchvision')
IMPORTED = ('cv2', 'scipy.optimize', 'scipy.sparse.csgraph', 'scipy.stats', 'torch.distributed', 'torchvision',
            'mmengine.hub', 'mmengine.runner', 'mmcv.transforms', 'mmpretrain.apis', 'mmpretrain.datasets',
            'mmpretrain.engine', 'mmpretrain.evaluation', 'mmpretrain.models', 'mmpretrain.visualization')
SINGLE = (type(None), bool, int, float, str, bytes)


def import_host():
    """Import the host and SciPy, as far as emonext_mm uses them, so that only its own changes are seen."""
    for name in IMPORTED:
        importlib.import_module(name)


def take():
    """Return ``name -> {key: value}`` of everything that is watched: for a class, say, its attributes."""
    return {**_attributes(), **_settings()}


def compare(before, after):
    """Return ``name -> [removed, added]``: the keys whose values differ."""
    changes = {}
    for name in {**before, **after}:
        old, new = before.get(name, {}), after.get(name, {})
        gone = [key for key in old if key not in new or not _same(old[key], new[key])]
        come = [key for key in new if key not in old or not _same(old[key], new[key])]
        if gone or come:
            changes[name] = [gone, come]
    return changes


def _same(old, new):
    return old is new or (isinstance(old, (*SINGLE, tuple)) and type(old) is type(new) and old == new)


def _attributes():
    """The attributes of the host's modules and classes, and the contents of its registries, dicts, lists and sets."""
    from mmengine.registry import Registry
    found = {}
    for name, owner in _owners():
        parts = found[name] = {}
        for key, value in list(vars(owner).items()):
            kind = type(value)  # isinstance would ask lazy objects, which answer with a warning
            if issubclass(kind, Registry):
                found[f'registry {value.scope}.{value.name}'] = dict(value._module_dict)
            if key == '__warningregistry__':  # the warnings that were shown
                continue
            if issubclass(kind, dict):
                found[f'{name}.{key}'] = {_text(each): item for each, item in dict.items(value)}
            elif issubclass(kind, (list, set)):
                found[f'{name}.{key}'] = {_text(each): None for each in value}
            elif not _is_submodule(name, key, value):
                parts[key] = value
    return found


def _owners():
    """``(name, module or class)`` of the host."""
    for name, module in list(sys.modules.items()):
        if name.partition('.')[0] in HOST:
            yield name, module
            for key, value in list(vars(module).items()):
                if issubclass(type(value), type) and value.__module__ == name:
                    yield f'{name}.{key}', value


def _settings():
    """The environment, warnings, logging, random numbers and the settings of the libraries."""
    import cv2
    import numpy as np
    import torch
    loggers = {name: each for name, each in logging.root.manager.loggerDict.items() if hasattr(each, 'handlers')}
    return {
        'environment': dict(os.environ),
        'sys.path': {'sys.path': tuple(sys.path), 'hook': sys.excepthook},
        'warnings.filters': {'filters': tuple(warnings.filters), 'show': warnings.showwarning},
        'logging': {name: (each.level, *each.handlers, *each.filters, each.propagate, each.disabled)
                    for name, each in {'root': logging.root, **loggers}.items()},
        'random numbers': {
            'python': random.getstate(),
            'numpy': str(np.random.get_state()),  # noqa: NPY002, the state that the host uses
            'torch': bytes(torch.get_rng_state().tolist()),
        },
        'settings': {
            'threads': (torch.get_num_threads(), torch.get_num_interop_threads(), cv2.getNumThreads()),
            'dtype': str(torch.get_default_dtype()),
            'precision': torch.get_float32_matmul_precision(),
            'deterministic': torch.are_deterministic_algorithms_enabled(),
            'cudnn.benchmark': torch.backends.cudnn.benchmark,
            'numpy errors': str(np.geterr()),
        },
    }


def _is_submodule(name, key, value):
    """Python itself writes a submodule into its package."""
    return type(value) is types.ModuleType and value.__name__ == f'{name}.{key}'


def _text(value):
    value = value[-1] if isinstance(value, tuple) and value else value  # torch's safe globals: (function, name)
    return value if isinstance(value, str) else getattr(value, '__name__', None) or repr(value)


if __name__ == '__main__':
    prelude, statement = sys.argv[1:]
    import_host()
    exec(prelude)
    old = take()
    exec(statement)
    print('\n' + json.dumps(compare(old, take())))
