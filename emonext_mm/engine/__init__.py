from .averaging import ForeachEMA, RawValidationEMAHook
from .compiling import CompileHook
from .early_stopping import EarlyStopping
from .late_losses import LateLosses
from .scaled_clipping import ScaledClipAmpOptimWrapper
from .warm_restarts import WarmRestartLR

__all__ = [
    'CompileHook',
    'EarlyStopping',
    'ForeachEMA',
    'LateLosses',
    'RawValidationEMAHook',
    'ScaledClipAmpOptimWrapper',
    'WarmRestartLR',
]
