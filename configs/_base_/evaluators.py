"""Accuracy, macro-averaged precision, recall (UAR) and F1; at test time the confusion matrix too."""
val_evaluator = [
    dict(type='Accuracy', topk=(1, )),
    dict(type='SingleLabelMetric', average='macro'),
]
test_evaluator = [*val_evaluator, dict(type='ConfusionMatrix')]
val_cfg = dict()
test_cfg = dict()
