"""Generated cases of all kinds, and their summary."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.strangers.sandbox import Fault, MayWrite, Outcome, nothing, run_case


class Kind(NamedTuple):
    """A kind of files."""

    cases: SearchStrategy  # of plain data that describe the files
    write: Callable[[Any, Path], None]  # into a folder
    read: Callable[[Any, Path], Any]
    may_write: MayWrite = nothing


class Summary(NamedTuple):
    """Cases of one kind."""

    outcomes: list[Outcome]
    faults: list[str]

    def __str__(self) -> str:
        refused = sum(outcome.message is not None for outcome in self.outcomes)
        slowest = max((outcome.seconds for outcome in self.outcomes), default=0)
        largest = max((outcome.memory for outcome in self.outcomes), default=0)
        number = len(self.outcomes)
        return (f'{number:,} cases: {number - refused:,} read, {refused:,} refused in one line, '
                f'{len(self.faults)} faults; slowest {slowest:.1f} s, largest growth {largest / 1e6:.0f} MB')


def explore(kind: Kind, number: int, start: int) -> Summary:
    """Run ``number`` generated cases of a kind. A fault is shrunk to a small case, and ends the kind."""
    outcomes, faults = [], []

    @seed(start)
    @settings(max_examples=number, deadline=None, database=None, phases=(Phase.generate, Phase.shrink),
              suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False)
    @given(kind.cases)
    def check(case: Any) -> None:
        try:
            outcomes.append(run_case(lambda folder: kind.write(case, folder), lambda folder: kind.read(case, folder),
                                     kind.may_write))
        except Fault as fault:
            raise Fault(f'{case!r}: {fault}') from None

    try:
        check()
    except Fault as fault:
        faults.append(str(fault))
    return Summary(outcomes, faults)


def total(summaries: list[Summary]) -> Summary:
    """All cases of several kinds."""
    return Summary([each for summary in summaries for each in summary.outcomes],
                   [each for summary in summaries for each in summary.faults])
