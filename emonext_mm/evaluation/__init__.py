from .clean import CleanAccuracy, measure_clean
from .early_stopping import EarlyStopping
from .metrics import EmotionMetric
from .predictions import PredictionFile

__all__ = ['CleanAccuracy', 'EarlyStopping', 'EmotionMetric', 'PredictionFile', 'measure_clean']
