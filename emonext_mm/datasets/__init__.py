from .fer2013 import FER2013
from .synthetic import SyntheticFER

__all__ = ['FER2013', 'SyntheticFER']
