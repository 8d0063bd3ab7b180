from .averaging import ForeachEMA
from .compiling import CompileHook
from .early_stopping import EarlyStopping

__all__ = ['CompileHook', 'EarlyStopping', 'ForeachEMA']
