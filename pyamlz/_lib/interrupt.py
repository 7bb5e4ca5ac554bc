"""Ctrl-C as a flag, so that a search ends between two calls of the library and keeps what it found."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_DEFAULTS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Flag:
    """The signal handler; the first signal sets it, a second one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.is_set = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.is_set:
            raise KeyboardInterrupt
        self.is_set = True


@contextmanager
def interrupt_flag(*signals: signal.Signals) -> Iterator[Flag]:
    """While it lasts, these signals, by default Ctrl-C's, set the flag that it gives.

    Nested, it gives the outer one's flag. In threads but the main one, and where the program has a handler of its own,
    the flag is never set.
    """
    outer = signal.getsignal(signal.SIGINT)
    if isinstance(outer, Flag):
        yield outer
        return
    flag = Flag()
    former = {number: signal.getsignal(number) for number in signals or (signal.SIGINT,)}
    if threading.current_thread() is not threading.main_thread():
        former = {}
    taken = {number: handler for number, handler in former.items() if handler == _DEFAULTS[number]}
    for number in taken:
        signal.signal(number, flag)
    try:
        yield flag
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
