"""Settings of Sphinx.

    python -m sphinx -W -b html docs docs/_build/html

``EMONEXT_DOCS_ONLINE=1`` adds links into the manuals of PyTorch, MMEngine and MMPretrain; without it nothing is
downloaded.
"""
import os
import runpy
import shutil
from pathlib import Path

from emonext_mm import __version__

ROOT = Path(__file__).resolve().parents[1]
shutil.rmtree(ROOT / 'docs' / 'api' / 'generated', ignore_errors=True)  # pages of modules that are gone

project = 'emonext_mm'
author = 'the authors of emonext_mm'
copyright = author
release = version = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.autosummary',
    'sphinx.ext.napoleon',
    'sphinx.ext.mathjax',
    'sphinx.ext.viewcode',
]
exclude_patterns = ['_build']
templates_path = ['_templates']
suppress_warnings = ['config.cache']

myst_enable_extensions = ['amsmath', 'attrs_block', 'deflist', 'dollarmath', 'substitution']
myst_heading_anchors = 3

autosummary_generate = True
autodoc_default_options = {'show-inheritance': True, 'member-order': 'bysource'}
autodoc_preserve_defaults = True
autodoc_typehints_format = 'short'
napoleon_numpy_docstring = False
maximum_signature_line_length = 88

if os.environ.get('EMONEXT_DOCS_ONLINE') == '1':
    extensions.append('sphinx.ext.intersphinx')
    intersphinx_mapping = {
        'python': ('https://docs.python.org/3', None),
        'numpy': ('https://numpy.org/doc/stable', None),
        'torch': ('https://docs.pytorch.org/docs/stable', None),
        'mmengine': ('https://mmengine.readthedocs.io/en/latest', None),
        'mmpretrain': ('https://mmpretrain.readthedocs.io/en/latest', None),
    }

html_theme = 'furo'
html_title = f'emonext_mm {version}'
html_static_path = ['_static']
html_css_files = ['manual.css']
html_theme_options = {
    'light_css_variables': {'color-brand-primary': '#0f766e', 'color-brand-content': '#0f766e'},
    'dark_css_variables': {'color-brand-primary': '#5eead4', 'color-brand-content': '#5eead4'},
}


def traps_table() -> str:
    """The work-arounds of ``emonext_mm.compat`` as a Markdown table, from the table that their tests use."""
    traps = runpy.run_path(str(ROOT / 'tests' / 'helpers' / 'traps.py'))['TRAPS']
    rows = [f'| {sentence} | {{py:func}}`~{function}` |' for function, sentence in traps.values()]
    return '\n'.join(['| without it | work-around |', '|---|---|', *rows])


model_cards = runpy.run_path(str(ROOT / 'docs' / 'model_cards.py'))['model_cards']
myst_substitutions = {'traps': traps_table(), **model_cards(ROOT / 'emonext_mm' / 'pretrained')}
