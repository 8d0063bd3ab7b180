import cv2


def test_figure(call_tool, tmp_path, capsys):
    call_tool('draw_synthetic.py', '--out', tmp_path / 'a' / 'faces.png', '--rows', 1)
    assert capsys.readouterr().out.startswith('7 faces')
    height, width, _ = cv2.imread(str(tmp_path / 'a' / 'faces.png')).shape
    assert width > 3 * height  # a row of seven
