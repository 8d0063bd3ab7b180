"""``--cfg-options KEY=VALUE``: how a value is read, and which keys are unknown."""
from __future__ import annotations

import difflib
import inspect
import logging
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.logging import print_log
from mmengine.registry import Registry
from mmengine.runner import Runner
from mmpretrain import registry

_PATH_KEY = re.compile(r'(root|dir|file|path|prefix|load_from|checkpoint)$')
_BLANK = '\ue000'  # of Unicode's private use; stands for a blank inside of a value
# Keys of a config that MMEngine and MMPretrain read besides the arguments of a Runner.
_TOP_LEVEL = ('auto_scale_lr', 'tta_model', 'tta_pipeline', 'runner_type', 'custom_imports', 'find_unused_parameters',
              'model_wrapper_cfg', 'compile', 'vis_backends', 'amp')


class OptionAction(DictAction):
    """``DictAction`` of MMEngine with values as they were typed.

    MMEngine drops all blanks of a value, makes a list of a path with a comma, a number of ``data_root=2013``, and fails
    on a key without a value. Here a value in quotes is a text, and so is one that contains a slash or belongs to a key
    of a file or folder (``data_root``, ``work_dir``, ``ann_file``, ...); brackets still make a list, and None is None.

    Raises:
        ValueError: an option is not KEY=VALUE, or its brackets do not match.
    """

    def __call__(self, parser: ArgumentParser, namespace: Namespace, values: Sequence[str] | None,
                 option_string: str | None = None) -> None:
        options = dict(getattr(namespace, self.dest, None) or {})
        for option in values or ():
            key, separator, value = option.partition('=')
            if not separator or not key or key != key.strip():
                raise ValueError(f'option {option!r}: expected KEY=VALUE')
            options[key] = parse_value(key, value)
        setattr(namespace, self.dest, options)


def parse_value(key: str, text: str) -> Any:
    """Parse the text of a value, see :class:`OptionAction`."""
    quoted = re.fullmatch(r'(["\'])(.*)\1', text, re.DOTALL)
    if quoted:
        return quoted[2]
    if text == 'None':
        return None
    is_path = re.search(r'[/\\]', text) or _PATH_KEY.search(key)
    if is_path and not re.fullmatch(r'\s*(\[.*\]|\(.*\))\s*', text, re.DOTALL):
        return text
    # MMEngine removes blanks: keep those that do not surround an element.
    kept = re.sub(r'\s*([,\[\]()])\s*', r'\1', text.strip()).replace(' ', _BLANK)
    try:
        return _restore(DictAction._parse_iterable(kept))
    except AssertionError:
        raise ValueError(f'option {key}: the brackets of {text} do not match') from None


def format_options(options: Mapping[str, Any] | None) -> list[str]:
    """Format options as KEY=VALUE, which :class:`OptionAction` reads as the same values."""
    return [f'{key}={_format_value(key, value)}' for key, value in (options or {}).items()]


def _format_value(key: str, value: Any) -> str:
    text = _format_plain(value)
    return text if not isinstance(value, str) or parse_value(key, text) == value else f'"{text}"'


def _format_plain(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        first, last = '[]' if isinstance(value, list) else '()'
        return first + ','.join(map(_format_plain, value)) + last
    return str(value)


def merge_options(cfg: Config, options: Mapping[str, Any] | None) -> None:
    """Merge options into a config in place, after :func:`warn_of_unknown_keys`.

    Raises:
        ValueError: an option does not fit the config, for example an index beyond the end of a list.
    """
    options = options or {}
    warn_of_unknown_keys(cfg, options)
    try:
        cfg.merge_from_dict(dict(options))
    except (KeyError, TypeError) as error:
        raise ValueError(f'--cfg-options {" ".join(options)}: {error.args[0]}') from error


def warn_of_unknown_keys(cfg: Config, options: Mapping[str, Any]) -> None:
    """Warn of options that create a key which nothing reads, with the nearest known key.

    A key is known if the config has it, if it is an argument of the class that its dict names as ``type``, or at the
    top level, if MMEngine reads it. In a dict of other names (hooks, ``custom_keys``) only a key that resembles
    another is reported, unless the options also set its ``type``.

    Args:
        cfg: the config before the options are merged.
        options: values by dotted key.
    """
    for option in options:
        node, parts = dict(cfg.items()), option.split('.')
        for depth, part in enumerate(parts):
            if isinstance(node, (list, tuple)) and part.isdigit() and int(part) < len(node):
                node = node[int(part)]
                continue
            if not isinstance(node, dict):
                break
            if part not in node:
                _warn(option, '.'.join(parts[:depth + 1]), part, node, top=depth == 0, options=options)
                break
            node = node[part]


@contextmanager
def explain_unknown_keys(cfg: Config) -> Iterator[None]:
    """Turn the error of an unknown key or type in a config into one line with its full name and the nearest known one.

    Raises:
        ValueError: a class or function was given an argument that it does not have, or a registry was asked for a name
            that it does not have; the config has this key or type. All other errors pass unchanged.
    """
    try:
        yield
    except (TypeError, KeyError) as error:
        text = ' '.join(str(error.args[0] if error.args else '').split())
        key = re.search(r"got an unexpected keyword argument '(\w+)'", text)
        kind = re.search(r'(\S+) is not in the \S+ registry', text)
        if key:
            names = [path + _hint(key[1], _known(node) - {key[1]}) for path, value, node in walk(dict(cfg.items()))
                     if path.rpartition('.')[2] == key[1]]
        elif kind:
            known = {name for each in _registries() for name in each.module_dict}
            names = [f'{path}={value}{_hint(value, known)}' for path, value, _ in walk(dict(cfg.items()))
                     if path.endswith('type') and value == kind[1]]
        if not (key or kind) or not names:
            raise
        raise ValueError(f'unknown in the config: {", ".join(names)} ({text.partition(". ")[0]})') from error


def _warn(option: str, path: str, key: str, node: Mapping, top: bool, options: Mapping) -> None:
    known = _known(node) | (set(_TOP_LEVEL) | _arguments(Runner) if top else set())
    if key in known or f'{path}.type' in options or (isinstance(options.get(path), dict) and 'type' in options[path]):
        return
    hint = _hint(key, known)
    if hint or top:
        print_log(f'option {option}: the config has no {path}{hint}; it may have no effect', 'current',
                  logging.WARNING)


def _hint(key: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(key, known, 1, 0.7)
    return f' (nearest: {nearest[0]})' if nearest else ''


def _known(node: Mapping) -> set[str]:
    """Keys of a dict in a config, and the arguments of the class that its ``type`` names."""
    kind = node.get('type')
    if isinstance(kind, str):
        kind = next(filter(None, (each.get(kind) for each in _registries())), None)
    return {str(key) for key in node} | (_arguments(kind) if isinstance(kind, type) else set())


def _registries() -> list[Registry]:
    return [each for each in vars(registry).values() if isinstance(each, Registry)]


def _arguments(kind: type) -> set[str]:
    """Names of the arguments of a class and its bases."""
    inits = (vars(base)['__init__'] for base in kind.__mro__[:-1] if '__init__' in vars(base))
    return {name for init in inits for name, argument in inspect.signature(init).parameters.items()
            if name != 'self' and argument.kind not in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL)}


def walk(node: Any, path: str = '') -> Iterator[tuple[str, Any, Mapping]]:
    """All keys of a config with dots, with their values and the dicts that hold them."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    for key, value in items:
        if isinstance(node, dict):
            yield f'{path}{key}', value, node
        yield from walk(value, f'{path}{key}.')


def _restore(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_restore, value))
    return value.replace(_BLANK, ' ') if isinstance(value, str) else value
