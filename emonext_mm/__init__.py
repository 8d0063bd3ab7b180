"""EmoNeXt for MMPretrain: importing this registers its parts in the host's registries."""
from . import host

host.check()
host.apply()

from . import datasets, engine, evaluation, models  # noqa: E402

__version__ = '0.1.0'
__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'host', 'models']
