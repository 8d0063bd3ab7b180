import re

from emonext.command import bench
from emonext.command.main import main


def test_each_rate_is_the_inverse_of_its_time(monkeypatch, capsys):
    monkeypatch.setattr(bench, 'SECONDS', 0.001)
    assert main(['bench', '--threads', '1']) == 0
    rows = re.findall(r'classify, (\d+) at once +([\d.]+) ms a face, +(\d+) faces', capsys.readouterr().out)
    assert [int(count) for count, *_ in rows] == [1, 64]
    for _, milliseconds, rate in rows:
        assert 0.9 < float(milliseconds) * float(rate) / 1000 < 1.1
