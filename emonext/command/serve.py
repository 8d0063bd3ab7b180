"""``emonext serve`` and ``emonext demo``."""
from __future__ import annotations

import argparse
import math
import socket
import threading
import webbrowser
from contextlib import suppress

from emonext.command.options import add_faces_options, add_model_option, positive
from emonext.errors import EmonextError
from emonext.recognizer import Recognizer
from emonext.service.limits import Limits

LIMITS = {'bytes': 'of a request', 'pixels': 'of a picture', 'faces': 'of a picture', 'pictures': 'of a request',
          'seconds': 'for the sending of a request, and for its answer', 'requests': 'in work at one time',
          'streams': 'open at one time'}


def add_options(parser: argparse.ArgumentParser, port: int) -> None:
    """Add the options of ``emonext serve``, with its default port."""
    add_model_option(parser)
    parser.add_argument('--host', default='127.0.0.1', help='address to listen on (default: this machine alone)')
    parser.add_argument('--port', type=int, default=port, help='0 for any free one (default: %(default)s)')
    parser.add_argument('--threads', type=positive, metavar='N', help='of the model and YuNet (default: all cores)')
    add_faces_options(parser)
    limits = parser.add_argument_group('limits')
    for name, text in LIMITS.items():
        default = getattr(Limits(), name)
        limits.add_argument(f'--max-{name}', type=positive, default=default, metavar='N',
                            help=f'{text} (default: {default:,.0f})')


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; requests in work are answered first."""
    with suppress(KeyboardInterrupt):  # uvicorn repeats the signal that ended it
        _serve(args)
    return 0


def _serve(args: argparse.Namespace) -> None:
    try:
        import uvicorn

        from emonext.service.app import build_app
        from emonext.service.memory import return_large_blocks
        from emonext.service.protocol import Server, TimedProtocol
    except ImportError as error:
        raise EmonextError(f"emonext serve needs {error.name}: pip install 'emonext_mm[serve]'") from None
    return_large_blocks()
    limits = Limits(**{name: getattr(args, f'max_{name}') for name in LIMITS})
    recognizer = Recognizer(args.model, args.faces, threads=args.threads, min_score=args.min_score, side=args.side,
                            max_pixels=args.max_pixels)
    with _listen(args.host, args.port) as listener:
        host, port = listener.getsockname()[:2]
        address = f'http://{f"[{host}]" if ":" in host else host}:{port}'
        print(address, flush=True)
        if args.open:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server = Server(uvicorn.Config(
            build_app(recognizer, limits), http=TimedProtocol, ws_max_size=limits.bytes, log_level='error',
            access_log=False, server_header=False, timeout_graceful_shutdown=math.ceil(limits.seconds)))
        server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise EmonextError(f'{host}, port {port}: {getattr(error, "strerror", None) or error}') from None
