from pathlib import Path

from emonext_mm.evaluation.summary import format_summary

CONDITIONS = dict(config='it', epoch=4, weights='EMA', dataset=dict(type='Faces'), split='val', samples=12,
                  leak_free=9, views=1, transform=None, merge=None)


def numbers(metrics, files=()):
    """Label -> the rest of the line, of the lines below the conditions."""
    lines = format_summary(metrics, CONDITIONS, dict(files)).split('\n')[2:]
    return {line[:17].strip(): line[17:] for line in lines}


def test_conditions_come_first():
    first, second = format_summary({}, CONDITIONS, {}).split('\n')
    for fact in ('12', 'Faces', 'val', '9'):
        assert fact in first
    for fact in ('it', '4', 'EMA', 'single view'):
        assert fact in second


def test_metrics_that_were_measured():
    metrics = {'accuracy/top1': 61.234, 'single-label/f1-score': 54.321, 'single-label/recall': 50.0,
               'calibration/ece': 3.456}
    assert numbers(metrics) == {'accuracy': '61.23 %', 'macro-F1': '54.32 %', 'UAR': '50.00 %', 'ECE': '3.46 %'}


def test_intervals_of_both_accuracies():
    metrics = {f'{name}/{key}': value for name, accuracy in (('accuracy', 'top1'), ('leak_free', 'accuracy'))
               for key, value in {accuracy: 50.0, 'ci95_low': 40.004, 'ci95_high': 60.0}.items()}
    expected = '50.00 % (95 % interval 40.00 to 60.00)'
    assert numbers(metrics) == {'accuracy': expected, 'leak-free': expected}


def test_files_come_last():
    files = {'checkpoint': Path('it.pth'), 'confusion matrix': Path('run/confusion_matrix.png')}
    assert numbers({}, files) == {'checkpoint': 'it.pth', 'confusion matrix': 'run/confusion_matrix.png'}
