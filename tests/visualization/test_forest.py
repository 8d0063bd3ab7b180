from emonext_mm.visualization.forest import draw_forest


def test_points_and_intervals():
    """Of one common seed, the marker is hollow."""
    rows = [dict(name='full', compared=None),
            dict(name='b', compared=[0, 2], difference=-2.0, ci95_low=-3.0, ci95_high=-0.5),
            dict(name='c', compared=[1], difference=0.5, ci95_low=-1.0, ci95_high=2.0)]
    axes, = draw_forest(dict(rows=rows)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ['b, 2 seeds', 'c, 1 seed']
    lines = [container.lines for container in axes.containers]
    assert [(float(point.get_xdata()[0]), int(point.get_ydata()[0])) for point, _, _ in lines] == [(-2, 0), (0.5, 1)]
    assert [bar.get_segments()[0][:, 0].tolist() for _, _, (bar, ) in lines] == [[-3, -0.5], [-1, 2]]
    assert [point.get_markerfacecolor() for point, _, _ in lines] == ['tab:blue', 'white']
    assert 'to full in points' in axes.get_xlabel()
    assert 'hollow' in axes.get_xlabel()
    axes, = draw_forest(dict(rows=rows[:2])).axes
    assert 'hollow' not in axes.get_xlabel()
