"""The service under load: throughput, latency, memory, and requests that it must survive. On Linux.

    python tools/benchmarks/service.py

A process of `emonext serve` on the loopback, with all cores; the clients share them. Pictures: JPEG of scikit-image's
astronaut, 320 x 320 px, one face. Each client sends its next request after its answer. Memory is that of the server's
process (RSS): before and after requests that are in order, then malformed ones, among them bombs and senders that stop.
"""
from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from time import perf_counter, sleep

import _environment  # noqa: F401
import numpy as np
from _client import Server, load
from _malformed import bodies, is_closed, jpeg, raw_requests, send_raw, slow_senders
from _measure import Table, conditions, parse_args, positive, publish
from skimage.data import astronaut

from emonext.service.limits import Limits
from emonext_mm.utils.errors import one_line_errors

PERCENTILES = (50, 95, 99)
STEPS = 4  # figures of memory on the way
SLOW = 12  # senders that stop


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--clients', type=positive, nargs='+', default=[1, 8, 64], help='default: 1 8 64')
    parser.add_argument('--seconds', type=positive, default=10, help='of a measurement of the load (default: 10)')
    parser.add_argument('--requests', type=positive, default=20_000, help='for the memory (default: 20000)')
    parser.add_argument('--minutes', type=positive, default=20, help='for the memory at most (default: 20)')
    parser.add_argument('--malformed', type=positive, default=300, help='requests (default: 300)')
    parser.add_argument('--serve', nargs='+', default=[], metavar='OPTION', help='of emonext serve, without --')
    args = parse_args(parser, argv, rounds=3)
    photograph = jpeg(astronaut()[:320, 60:380])
    with Server([f'--{option}' for option in args.serve]) as server:
        load(server, [photograph], max(args.clients), lambda i: i < 2 * max(args.clients))
        tables = measure_load(server, photograph, args.clients, args.seconds, args.rounds)
        memory = measure_memory(server, photograph, args.requests, args.minutes)
        survived = send_malformed(server, photograph, args.malformed)
        measured_under = conditions(options=args.serve, bytes=len(photograph), memory=memory, malformed=survived)
        publish('service', measured_under, tables, args.json)


def measure_load(server: Server, photograph: bytes, clients: list[int], seconds: int, rounds: int) -> list[Table]:
    """Seconds of a request at each number of clients, and the rate."""
    means: dict[str, list[float]] = {}
    latencies: dict[int, dict[str, list[float]]] = {percentile: {} for percentile in PERCENTILES}
    for _ in range(rounds):
        for number in clients:
            side, start = f'{number} clients', perf_counter()
            found = load(server, [photograph], number, lambda i, start=start: perf_counter() - start < seconds)
            means.setdefault(side, []).append((perf_counter() - start) / len(found))
            for percentile in PERCENTILES:
                latencies[percentile].setdefault(side, []).append(1000 * float(np.percentile(found, percentile)))
    return [Table('throughput', 's/request', means, (), 1),
            *(Table(f'latency, p{percentile}', 'ms', costs, ()) for percentile, costs in latencies.items())]


def measure_memory(server: Server, photograph: bytes, requests: int, minutes: int) -> dict[str, float]:
    """MB before, on the way and after the requests of 8 clients."""
    print(f'memory: before {server.memory():.0f} MB', flush=True)
    memory, done, start = {'0': server.memory()}, 0, perf_counter()
    for step in range(1, STEPS + 1):
        part = requests * step // STEPS - done
        done += len(load(server, [photograph], 8, lambda i, part=part: (
            i < part and perf_counter() - start < 60 * minutes)))
        memory[str(done)] = server.memory()
        print(f'memory: after {done:,} requests {memory[str(done)]:.0f} MB, {server.threads()} threads', flush=True)
    return memory


def send_malformed(server: Server, photograph: bytes, number: int) -> dict[str, object]:
    """Send malformed requests and return how they were answered, the memory before and after, and open connections.

    Raises:
        RuntimeError: a status of 500, a connection of a slow sender that stays open, or another answer to the
            photograph than before.
    """
    before, memory = server.post(photograph), []
    sockets = slow_senders(server, photograph, min(SLOW, number))
    answers: dict[str, Counter[str]] = {}
    chance = random.Random(0)
    for i in range(number - len(sockets)):
        by_body, raw = bodies(photograph, chance), raw_requests(photograph, chance)
        name = (*by_body, *raw)[i % (len(by_body) + len(raw))]
        answer = str(server.post(*by_body[name])[0]) if name in by_body else send_raw(server, raw[name])
        answers.setdefault(name, Counter())[answer] += 1
        if (i + 1) % (len(by_body) + len(raw)) == 0:
            memory.append(server.memory())
    patience = perf_counter() + 2 * Limits().seconds
    left = [connection for connection in sockets if not is_closed(connection, max(0.1, patience - perf_counter()))]
    for name, counts in answers.items():
        print(f'  {name:<40}{", ".join(f"{answer}: {count}" for answer, count in counts.items())}')
    if left or any('500' in counts for counts in answers.values()):
        raise RuntimeError(f'{len(left)} slow senders were not cut off' if left else 'a request was answered by 500')
    wait_until_idle(server)
    if json.loads(server.post(photograph)[1]) != json.loads(before[1]):
        raise RuntimeError('the answer to the photograph has changed')
    return {'requests': number, 'memory': memory, 'memory at the end': server.memory()}


def wait_until_idle(server: Server) -> None:
    """Wait at most a minute until no request is in work."""
    for _ in range(600):
        connection = server.open()
        connection.request('GET', '/health')
        busy = json.loads(connection.getresponse().read())['in_work']
        connection.close()
        if not busy:
            return
        sleep(0.1)
    raise RuntimeError(f'{busy} requests are still in work')


if __name__ == '__main__':
    with one_line_errors():
        main()
