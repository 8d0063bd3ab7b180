from .clean import CleanAccuracy, measure_clean
from .metrics import EmotionMetric
from .predictions import PredictionFile

__all__ = ['CleanAccuracy', 'EmotionMetric', 'PredictionFile', 'measure_clean']
