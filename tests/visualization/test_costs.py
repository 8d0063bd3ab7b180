from emonext_mm.evaluation.comparison.report import spread
from emonext_mm.visualization.costs import draw_costs


def test_points_and_ranges():
    rows = [dict(name=name, parameters=parameters, multiply_adds=multiply_adds, single=dict(accuracy=accuracy))
            for name, parameters, multiply_adds, accuracy in (
                ('a', 47_657, 3_000_000, dict(mean=50.0, min=49.0, max=50.5)),
                ('b', 2_900_000, 150_000_000, dict(mean=70.0, min=70.0, max=70.0)))]
    axes, = draw_costs(rows).axes
    lines = [container.lines for container in axes.containers]
    assert [(float(point.get_xdata()[0]), float(point.get_ydata()[0])) for point, _, _ in lines] == [(3, 50), (150, 70)]
    assert [bar.get_segments()[0][:, 1].tolist() for _, _, (bar, ) in lines] == [[49, 50.5], [70, 70]]
    assert [text.get_text() for text in axes.texts] == ['a\n0.05 M parameters', 'b\n2.90 M parameters']
    assert axes.get_xscale() == 'log'


def test_rounded_means_and_rows_without_cost():
    """The mean of three equal accuracies can be beyond them by rounding; a model whose cost is unknown has no place."""
    accuracy = 100 * 9 / 35
    rows = [dict(name='a', parameters=1, multiply_adds=5, single=dict(accuracy=spread([accuracy] * 3))),
            dict(name='b', parameters=None, multiply_adds=None, single=dict(accuracy=spread([accuracy])))]
    assert rows[0]['single']['accuracy']['mean'] != accuracy
    axes, = draw_costs(rows).axes
    assert [text.get_text() for text in axes.texts] == ['a\n0.00 M parameters']
