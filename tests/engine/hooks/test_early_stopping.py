from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub

from emonext_mm.engine import EarlyStopping


def make_runner(name):
    logger = SimpleNamespace(info=lambda text: None)
    return SimpleNamespace(train_loop=SimpleNamespace(stop_training=False), message_hub=MessageHub(name), logger=logger)


def validate(hook, runner, *accuracies):
    """Number of validations until training stops, or None."""
    hook.before_train(runner)
    for number, accuracy in enumerate(accuracies, 1):
        hook.after_val_epoch(runner, {'accuracy/top1': accuracy})
        if runner.train_loop.stop_training:
            return number
    return None


@pytest.mark.parametrize(('accuracies', 'expected'), [
    ([50, 49, 49.9, 48, 60], 4),
    ([50, 49, 49, 50.01, 49, 49, 49], 7),  # any improvement resets the counter
    ([10, 20, 30, 40, 50], None),
    ([50, 50, 50, 50], 4),
])
def test_stops_after_patience(accuracies, expected, request):
    assert validate(EarlyStopping(patience=3), make_runner(request.node.name), *accuracies) == expected


def test_resumed_training_continues_to_count(request):
    """Two validations without improvement before and one after. MMEngine's hook would start at zero."""
    before, after = (make_runner(f'{request.node.name}{part}') for part in ('before', 'after'))
    assert validate(EarlyStopping(patience=3), before, 50, 49, 49) is None
    after.message_hub.load_state_dict(before.message_hub.state_dict())  # as in a checkpoint
    assert validate(EarlyStopping(patience=3), after, 49) == 1


def test_missing_metric(request):
    with pytest.raises(RuntimeError, match='accuracy/top5'):
        validate(EarlyStopping(monitor='accuracy/top5'), make_runner(request.node.name), 50)
