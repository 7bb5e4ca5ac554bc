"""Ctrl-C as a flag, so that a search ends between two calls of the library and keeps what it found."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Flag:
    """The signal handler; the first Ctrl-C sets it, a second one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.is_set = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.is_set:
            raise KeyboardInterrupt
        self.is_set = True


@contextmanager
def interrupt_flag() -> Iterator[Flag]:
    """While it lasts, Ctrl-C sets the flag that it gives. Nested, it gives the outer one's flag.

    In threads but the main one, and where the program has a handler of its own, the flag is never set.
    """
    handler = signal.getsignal(signal.SIGINT)
    if isinstance(handler, Flag):
        yield handler
        return
    flag = Flag()
    if handler is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield flag
        return
    signal.signal(signal.SIGINT, flag)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, handler)
