from emonext_mm.visualization.forest import draw_forest


def test_points_and_intervals():
    rows = [dict(name='full', accuracy=dict(mean=70.0)),
            dict(name='b', difference=-2.0, ci95_low=-3.0, ci95_high=-0.5),
            dict(name='c', difference=0.5, ci95_low=-1.0, ci95_high=2.0)]
    axes, = draw_forest(dict(rows=rows)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ['b', 'c']
    lines = [container.lines for container in axes.containers]
    assert [(float(point.get_xdata()[0]), int(point.get_ydata()[0])) for point, _, _ in lines] == [(-2, 0), (0.5, 1)]
    assert [bar.get_segments()[0][:, 0].tolist() for _, _, (bar, ) in lines] == [[-3, -0.5], [-1, 2]]
    assert 'full (70.00 %)' in axes.get_xlabel()
