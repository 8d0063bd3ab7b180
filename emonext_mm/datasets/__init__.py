from .fer2013 import FER2013
from .synthetic import SyntheticFER
from .transforms import CropAt, TenCrop

__all__ = ['FER2013', 'CropAt', 'SyntheticFER', 'TenCrop']
