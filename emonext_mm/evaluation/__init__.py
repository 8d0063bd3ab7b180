"""Metrics of emotion recognition, files of predictions, and the comparison of runs."""
from emonext_mm.evaluation.leak_free import LeakFreeAccuracy, LeakFreeHook, measure_leak_free
from emonext_mm.evaluation.metrics import EmotionMetric
from emonext_mm.evaluation.prediction_writer import PredictionFile

__all__ = ['EmotionMetric', 'LeakFreeAccuracy', 'LeakFreeHook', 'PredictionFile', 'measure_leak_free']
