from .collate import collate_faces
from .fer2013 import FER2013
from .synthetic import SyntheticFER
from .transforms import CropAt, SetView, TenCrop, TenViews, ToGrey

__all__ = ['FER2013', 'CropAt', 'SetView', 'SyntheticFER', 'TenCrop', 'TenViews', 'ToGrey', 'collate_faces']
