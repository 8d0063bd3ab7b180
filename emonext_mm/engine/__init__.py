from .averaging import ForeachEMA
from .compiling import CompileHook
from .early_stopping import EarlyStopping
from .late_losses import LateLosses

__all__ = ['CompileHook', 'EarlyStopping', 'ForeachEMA', 'LateLosses']
