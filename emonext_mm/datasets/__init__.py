from emonext_mm.datasets.collate import collate_faces
from emonext_mm.datasets.fer2013 import FER2013
from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.datasets.transforms import CropAt, SetView, TenCrop, TenViews, ToGrey

__all__ = ['FER2013', 'CropAt', 'SetView', 'SyntheticFER', 'TenCrop', 'TenViews', 'ToGrey', 'collate_faces']
