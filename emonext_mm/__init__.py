"""EmoNeXt for MMPretrain.

An import registers the parts in MMPretrain's registries and the models by name, and lets torch's weights-only loader
read the plain types of a training checkpoint. Nothing else in the process changes; see :mod:`emonext_mm.compat`.
"""
import warnings

from emonext_mm.compat.versions import check

check()
with warnings.catch_warnings():  # mmcv-lite has no CUDA ops, and nothing here needs them
    warnings.filterwarnings('ignore', 'Fail to import ``MultiScaleDeformableAttention``', UserWarning)
    import mmpretrain.models  # noqa: F401

from emonext_mm import datasets, engine, evaluation, models  # noqa: E402
from emonext_mm.apis.hub import register_models  # noqa: E402
from emonext_mm.compat.checkpoints import allow_checkpoint_types  # noqa: E402
from emonext_mm.utils.installation import find_config  # noqa: E402

allow_checkpoint_types()
register_models()

__version__ = '0.1.0'
__all__ = ['__version__', 'datasets', 'engine', 'evaluation', 'find_config', 'models']
