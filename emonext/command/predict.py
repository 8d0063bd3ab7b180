"""``emonext predict``."""
from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from emonext.command.outputs import STDOUT, Outputs
from emonext.command.resume import read_finished
from emonext.command.sinks import (
    CsvSink,
    JsonSink,
    PictureSink,
    Sink,
    SummarySink,
    TextSink,
    TimelineSink,
    VideoSink,
)
from emonext.errors import EmonextError, OutputError
from emonext.recognizer import Recognizer
from emonext.sources import Item, find_items


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    check(args)
    outputs = Outputs(args)
    recognizer = Recognizer(args.model, args.faces, args.smoothing, args.threads, min_score=args.min_score,
                            side=args.side, max_pixels=args.max_pixels, every=args.every)
    items = (item for item in find(args.sources) if not outputs.contain(item))
    classes = recognizer.classifier.classes
    if args.resume:
        items = skip(items, read_finished(args, classes))
    with ExitStack() as stack:
        sinks = [stack.enter_context(sink) for sink in list(build_sinks(args, classes, outputs.given))]
        bad = predict(recognizer, items, sinks)
    if bad:
        print(f'{bad} could not be read', file=sys.stderr)
    return 1 if bad else 0


def check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if args.json == STDOUT and args.csv == STDOUT:
        raise EmonextError('--json - and --csv - both write to stdout')
    if args.resume and len([file for file in (args.json, args.csv) if file not in (None, STDOUT)]) != 1:
        raise EmonextError('--resume needs --json FILE or --csv FILE, one of them')
    if args.resume and (args.video or args.timeline or STDOUT in (args.json, args.csv)):
        raise EmonextError('--resume does not go on with --video, --timeline or stdout')


def find(sources: list[str]) -> Iterator[Item]:
    """Items of the command line."""
    for source in sources:
        if source == STDOUT:
            yield _read_stdin()
        elif source.isdecimal() and not os.path.exists(source):
            yield from find_items(int(source))
        else:
            yield from find_items(source)


def _read_stdin() -> Item:
    if sys.stdin is None:
        return Item('stdin', EmonextError('stdin: it is closed'), 'error')
    return replace(next(find_items(sys.stdin.buffer.read())), name='stdin')


def skip(items: Iterator[Item], finished: Counter[str]) -> Iterator[Item]:
    """Leave out the finished items, each as often as it is finished."""
    for item in items:
        name = item.name.encode(errors='backslashreplace').decode()  # as it is written
        if finished[name] > 0:
            finished[name] -= 1
        else:
            yield item


def build_sinks(args: argparse.Namespace, classes: tuple[str, ...], given: set[str]) -> Iterator[Sink]:
    """What receives the results."""
    if args.show:
        from emonext.command.window import WindowSink

        yield WindowSink()
    if STDOUT not in (args.json, args.csv):
        yield TextSink()
        yield SummarySink()
    if args.timeline:
        yield TimelineSink(args.timeline, classes)
    if args.json:
        yield JsonSink(args.json, args.resume)
    if args.csv:
        yield CsvSink(args.csv, classes, args.resume)
    if args.save:
        yield PictureSink(args.save, given)
    if args.video:
        yield VideoSink(args.video)


def predict(recognizer: Recognizer, items: Iterator[Item], sinks: list[Sink]) -> int:
    """Pass all results on, and return the number of items that could not be read.

    Raises:
        OutputError: a result cannot be written.
    """
    from tqdm import tqdm

    bad = 0
    with tqdm(desc='pictures and frames', unit='', disable=None, leave=False, delay=1) as bar:
        for item in items:
            try:
                for sink in sinks:
                    sink.begin(item)
                for pixels, result in recognizer.predict_item(item):
                    for sink in sinks:
                        sink.write(item, pixels, result)
                    bar.update()
            except OutputError:
                raise
            except EmonextError as error:
                bad += 1
                with bar.external_write_mode(sys.stderr):
                    print(f'error: {error}', file=sys.stderr)
            for sink in sinks:
                sink.end(item)
    return bad
