from .averaging import ForeachEMA
from .compiling import CompileHook

__all__ = ['CompileHook', 'ForeachEMA']
