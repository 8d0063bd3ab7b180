"""Accuracy with its interval, macro averages, calibration error; at test time per class and the confusion matrix too.

``tools/test.py --tta`` averages the probabilities over the views of ``tta_pipeline`` (with the data set).
With ``--tta --cfg-options tta_model.type=AverageLogitTTA`` it averages the logits, as the released code does.
"""
val_evaluator = dict(type='EmotionMetric', per_class=False)
test_evaluator = dict(type='EmotionMetric')
val_cfg = dict()
test_cfg = dict()
tta_model = dict(type='AverageProbabilityTTA')
