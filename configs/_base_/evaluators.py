"""Accuracy with its interval, macro averages, calibration error; in a test also per class and the confusion matrix.

``tools/test.py --tta`` averages the probabilities over the views of ``tta_pipeline`` (in the data set's file); with
``--tta --cfg-options tta_model.type=AverageLogitTTA`` it averages the logits, as the authors' code does.
"""
val_evaluator = dict(type='EmotionMetric', per_class=False)
test_evaluator = dict(type='EmotionMetric')
val_cfg = dict()
test_cfg = dict()
tta_model = dict(type='AverageProbabilityTTA')
