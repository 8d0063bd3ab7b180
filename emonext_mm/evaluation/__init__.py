from .metrics import EmotionMetric
from .predictions import PredictionFile

__all__ = ['EmotionMetric', 'PredictionFile']
