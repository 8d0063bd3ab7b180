from emonext_mm.evaluation.leak_free import CleanAccuracy, measure_clean
from emonext_mm.evaluation.metrics import EmotionMetric
from emonext_mm.evaluation.predictions import PredictionFile

__all__ = ['CleanAccuracy', 'EmotionMetric', 'PredictionFile', 'measure_clean']
