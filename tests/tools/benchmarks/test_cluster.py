import pytest


@pytest.fixture
def cluster(script):
    return script('cluster')


def test_ring_between_machines(cluster):
    """Two GPUs of two machines: a half of the gradients out and a half back, each with one message."""
    assumed = cluster.Cluster(node=1, inside=1e9, outside=1e6, latency=0.25, hidden=0)
    assert cluster.step_time(1.0, 4e6, 2, assumed) == pytest.approx(1 + 2 * (2 + 0.25))
    assert cluster.step_time(1.0, 4e6, 2, assumed, sharded=True) == pytest.approx(1 + 3 * (2 + 0.25))


def test_ring_inside_of_a_machine(cluster):
    assumed = cluster.Cluster(node=4, inside=1e9, outside=1e6, latency=1, hidden=0)
    assert cluster.step_time(1.0, 4e9, 4, assumed) == pytest.approx(1 + 2 * 3 * (1 + 0.1))


def test_hidden_communication(cluster):
    assumed = cluster.Cluster(node=1, inside=1e9, outside=1e6, latency=0, hidden=0.5)
    assert cluster.step_time(10.0, 4e6, 2, assumed) == 10
    assert cluster.step_time(2.0, 4e6, 2, assumed) == pytest.approx(2 + 4 - 1)
    assert cluster.step_time(2.0, 4e6, 1, assumed) == 2


def test_table(cluster, capfd):
    cluster.main(['configs/emonext_atto_synthetic.py', '--step', '0.5', '--batch', '64', '--gpus', '1', '8'])
    first, *_, last = capfd.readouterr().out.splitlines()
    assert 'emonext_atto_synthetic' in first
    assert last.split(' | ')[:2] == ['| 8', '512']
