"""A window that shows results, by tkinter."""
from __future__ import annotations

import time

import numpy as np
from PIL import Image

from emonext.command.sinks import Sink
from emonext.drawing import annotate
from emonext.errors import EmonextError
from emonext.results import Result
from emonext.sources import Item

LARGEST = 1000  # px of the longer side
PAUSE = 1.5  # seconds that a picture is shown


class WindowSink(Sink):
    """Window of annotated pictures and frames; closing it interrupts the command.

    Raises:
        EmonextError: tkinter is missing, or there is no display.
    """

    def __init__(self) -> None:
        try:
            import tkinter

            from PIL import ImageTk

            self._photo = ImageTk.PhotoImage
            self._root = tkinter.Tk()
        except ImportError:
            raise EmonextError('--show needs tkinter, on Debian: apt install python3-tk') from None
        except tkinter.TclError as error:
            raise EmonextError(f'--show needs a display ({error})') from None
        self._root.title('emonext')
        self._open = True
        self._root.protocol('WM_DELETE_WINDOW', self._stop)
        self._label = tkinter.Label(self._root)
        self._label.pack()

    def _stop(self) -> None:
        self._open = False

    def write(self, item: Item, pixels: np.ndarray, result: Result) -> None:
        """Show a picture."""
        image = Image.fromarray(annotate(pixels, result.faces))
        image.thumbnail((LARGEST, LARGEST))
        photo = self._photo(image)
        self._label.configure(image=photo)
        self._label.image = photo  # tkinter keeps no reference
        end = time.monotonic() + (PAUSE if result.frame is None else 0)
        while True:
            self._root.update()
            if not self._open:
                raise KeyboardInterrupt
            if time.monotonic() >= end:
                break
            time.sleep(0.02)

    def close(self) -> None:
        """Close the window."""
        self._root.destroy()
