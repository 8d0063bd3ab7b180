import pytest


@pytest.fixture
def service(script, monkeypatch):
    module = script('service')
    monkeypatch.setattr(module, 'SLOW', 0)  # they end after ten seconds, see tests/emonext/service/test_protocol.py
    return module


@pytest.mark.slow
def test_load_memory_and_malformed_requests(service, tmp_path, check_report, capsys):
    service.main(['--clients', '1', '3', '--seconds', '1', '--rounds', '1', '--requests', '8', '--malformed', '30',
                  '--serve', 'threads=1', 'faces=none', '--json', str(tmp_path / 'report.json')])
    report = check_report(tmp_path / 'report.json', rounds=1)
    throughput, *latencies = report['tables']
    for side in throughput['sides'].values():
        assert side['images_per_second'] == pytest.approx(1 / side['median'])
    assert [table['title'] for table in latencies] == ['latency, p50', 'latency, p95', 'latency, p99']
    middle, _, highest = ([side['median'] for side in table['sides'].values()] for table in latencies)
    assert all(0 < low <= high for low, high in zip(middle, highest))
    assert list(report['conditions']['memory']) == ['0', '2', '4', '6', '8']
    assert report['conditions']['malformed']['requests'] == 30
    text = capsys.readouterr().out
    for name, status in (('bomb of a header', 422), ('too many bytes', 413), ('cut form', 400), ('PostScript', 422)):
        assert f'{name:<40}{status}: 1' in text
