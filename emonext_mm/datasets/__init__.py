from emonext_mm.datasets.collate import collate_faces
from emonext_mm.datasets.fer2013 import FER2013
from emonext_mm.datasets.in_colour import InColour
from emonext_mm.datasets.synthetic import SyntheticFER
from emonext_mm.datasets.transforms import AsTask, CropAt, SetView, TenCrop, TenViews, ToGrey
from emonext_mm.datasets.views import RandomViews, Views
from emonext_mm.datasets.worker import init_worker

__all__ = ['FER2013', 'AsTask', 'CropAt', 'InColour', 'RandomViews', 'SetView', 'SyntheticFER', 'TenCrop', 'TenViews',
           'ToGrey', 'Views', 'collate_faces', 'init_worker']
