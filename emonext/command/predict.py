"""``emonext predict``."""
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from emonext.command.outputs import DASH, Outputs
from emonext.command.resume import read_finished, skip
from emonext.command.sinks import CsvSink, JsonSink, PictureSink, Sink, TextSink
from emonext.command.video_sinks import SummarySink, TimelineSink, VideoSink
from emonext.errors import EmonextError, OutputError
from emonext.recognizer import Recognizer
from emonext.sources import Item, find_items


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    check(args)
    outputs = Outputs(args)
    recognizer = Recognizer(args.model, args.faces, args.smoothing, args.threads, min_score=args.min_score,
                            side=args.side, max_pixels=args.max_pixels, every=args.every)
    items = outputs.leave_out(find(args.sources))
    classes = recognizer.classifier.classes
    with ExitStack() as stack:
        sinks = [stack.enter_context(sink) for sink in list(build_sinks(args, classes, outputs))]
        if args.resume:
            items = skip(items, read_finished(args, recognizer))
        bad = predict(recognizer, items, sinks)
    if outputs.left_out:
        print(f'{outputs.left_out} results of emonext among the sources were left out', file=sys.stderr)
    if bad:
        print(f'{bad} failed', file=sys.stderr)
    return 1 if bad else 0


def check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if args.json == DASH and args.csv == DASH:
        raise EmonextError('--json - and --csv - both write to stdout')
    if not args.resume:
        return
    if len([file for file in (args.json, args.csv) if file not in (None, DASH)]) != 1:
        raise EmonextError('--resume needs --json FILE or --csv FILE, one of them')
    if args.video or args.timeline or DASH in (args.json, args.csv):
        raise EmonextError('--resume does not go on with --video, --timeline or stdout')
    for source in args.sources:
        if source == DASH or is_camera(source):
            raise EmonextError(f'--resume does not go on with {"stdin" if source == DASH else f"camera {source}"}')


def find(sources: list[str]) -> Iterator[Item]:
    """Items of the command line."""
    for source in sources:
        if source == DASH:
            yield _read_stdin()
        elif is_camera(source):
            yield from find_items(int(source))
        else:
            yield from find_items(source)


def is_camera(source: str) -> bool:
    """Whether a source is the number of a camera."""
    return source.isdecimal() and len(source) < 5 and not os.path.exists(source)


def _read_stdin() -> Item:
    if sys.stdin is None:
        return Item('stdin', EmonextError('stdin: it is closed'), 'error')
    return replace(next(find_items(sys.stdin.buffer.read())), name='stdin')


def build_sinks(args: argparse.Namespace, classes: tuple[str, ...], outputs: Outputs) -> Iterator[Sink]:
    """What receives the results."""
    if args.show:
        from emonext.command.window import WindowSink

        yield WindowSink()
    if DASH not in (args.json, args.csv):
        yield TextSink()
        yield SummarySink()
    if args.timeline:
        yield TimelineSink(args.timeline, classes)
    if args.json:
        yield JsonSink(args.json, args.resume)
    if args.csv:
        yield CsvSink(args.csv, classes, args.resume)
    if args.save:
        yield PictureSink(args.save, outputs.inputs)
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
