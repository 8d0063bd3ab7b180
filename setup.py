"""Packaging of emonext_mm; the tools' settings are in pyproject.toml."""
import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'emonext_mm' / '__init__.py').read_text())[1]

# mmcv-lite is what this package needs. It is an extra because whoever has the full mmcv, which installs
# the same module, must be able to keep it.
ALL = [
    'mmcv-lite>=2.0,<2.4',
    'timm>=1.0',  # timm:// weights
    'matplotlib>=3.6',
    'grad-cam>=1.5',  # class-activation maps
]
BENCH = [*ALL, 'pandas', 'ema-pytorch', 'tqdm']  # what is compared with, the authors' code among it
DEV = [*BENCH, 'pytest>=7', 'scikit-learn', 'tensorboard', 'wandb', 'ruff>=0.5']

# What OpenMMLab's mim, and the host's list of models, look for inside of an installed package.
MIM = ROOT / 'emonext_mm' / '.mim'


def link_mim() -> None:
    """Put configs, tools and model index into the package, as links: those of an editable install stay its own."""
    MIM.mkdir(exist_ok=True)
    for name in ('configs', 'tools', 'model-index.yml'):
        source, target = ROOT / name, MIM / name
        if os.path.lexists(target) or not source.exists():  # built from a source distribution, say
            continue
        try:
            target.symlink_to(Path('..', '..', name), target_is_directory=source.is_dir())
        except OSError:  # Windows, without the right to make links
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)


link_mim()
setup(
    name='emonext_mm',
    version=VERSION,
    description='EmoNeXt, facial emotion recognition, for MMPretrain',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.9',
    packages=find_packages(include=['emonext_mm', 'emonext_mm.*']),
    package_data={'emonext_mm': [f'.mim/**/*.{suffix}' for suffix in ('py', 'sh', 'yml')]},
    install_requires=[
        'torch>=2.4',
        'torchvision>=0.19',
        'mmengine>=0.10.4,<1',
        'mmpretrain>=1.2,<2',
        'numpy',
        'scipy>=1.7',
        'opencv-python',
        'setuptools',  # MMEngine imports distutils, which Python 3.12 no longer has
    ],
    extras_require=dict(all=ALL, bench=BENCH, dev=DEV),
)
