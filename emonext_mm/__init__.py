"""EmoNeXt for MMPretrain: importing this registers its parts in the host's registries, and its models by name."""
from . import host

host.check()
host.apply()

from . import datasets, engine, evaluation, models  # noqa: E402
from .apis.model_index import register_models  # noqa: E402

register_models()

__version__ = '0.1.0'
__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'host', 'models']
