import pytest

from emonext_mm.visualization.alignment import draw_alignment


def test_lines_and_bands():
    """The mean over the seeds, and the least and the most."""
    figure = draw_alignment({'full': {'scale': {'0.8': [50.0, 60.0], '1': [70.0, 72.0]}, 'shift': {'0': [71.0, 71.0]}},
                             'without': {'scale': {'0.8': [40.0], '1': [69.0]}, 'shift': {'0': [69.0]}}})
    scale, shift = figure.axes
    assert [(line.get_label(), line.get_xdata().tolist(), line.get_ydata().tolist()) for line in scale.lines] == [
        ('full', [0.8, 1.0], [55.0, 71.0]), ('without', [0.8, 1.0], [40.0, 69.0])]
    assert scale.get_xlabel() == 'scale'
    band = scale.collections[0].get_datalim(scale.transData)
    assert (band.ymin, band.ymax) == pytest.approx((50, 72))
    assert len(shift.lines) == 2


def test_an_odd_number_of_curves():
    figure = draw_alignment({'full': {name: {'0': [1.0]} for name in 'abc'}})
    assert [axes.axison for axes in figure.axes] == [True, True, True, False]
