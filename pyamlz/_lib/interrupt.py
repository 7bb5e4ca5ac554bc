"""Ctrl-C and its like as a flag, so that what runs long ends between two pieces of work and keeps what it has.

A signal sets the flag of the outermost run that is going on in the main thread; all runs within it, and those in other
threads, look at the same one.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, Final

__all__ = ["ENDING", "Flag", "command_signals", "interrupt_flag"]

#: What ends long work: Ctrl-C, `kill`, and the terminal that is closed.
ENDING: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_TAKEN: Final = (signal.SIG_DFL, signal.default_int_handler)  # a handler of somebody's own is left alone


class Flag:
    """The signal handler; the first signal sets it, a second one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.is_set = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.is_set:
            raise KeyboardInterrupt
        self.is_set = True


_thread = threading.local()  # flag: that of the run that a thread is in
_outermost: Flag | None = None  # set and taken away by the main thread alone


@contextmanager
def interrupt_flag(*signals: signal.Signals) -> Iterator[Flag]:
    """While it lasts, these signals, by default Ctrl-C's, set the flag that it gives.

    Nested, it gives the outer one's flag, in all threads. A signal that is ignored, or for which the program has a
    handler of its own, is left alone, whatever becomes of the others; and so are all where no main thread is.
    """
    global _outermost
    own: Flag | None = getattr(_thread, "flag", None)
    shared = own or _outermost
    if shared is not None:
        _thread.flag = shared  # also once the outer run has ended without waiting for this thread
        try:
            yield shared
        finally:
            _thread.flag = own
        return
    flag = Flag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    with ExitStack() as former:
        for number in signals or (signal.SIGINT,):
            if signal.getsignal(number) in _TAKEN:
                _set(former, number, flag)
        _outermost = flag
        try:
            yield flag
        finally:
            _outermost = None


@contextmanager
def command_signals() -> Iterator[None]:
    """While it lasts, what ends long work raises KeyboardInterrupt, or sets the flag of the run that is going on.

    Ctrl-C and SIGTERM do so whatever they did before: a shell without job control starts what it puts into the
    background with Ctrl-C ignored, and a program may have handlers. A hangup that is ignored stays so, as by nohup.
    """
    with ExitStack() as former:
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                handler = signal.getsignal(number)
                if handler is not None and (number in (signal.SIGINT, signal.SIGTERM) or handler in _TAKEN):
                    _set(former, number, signal.default_int_handler)
        yield


def _set(former: ExitStack, number: signal.Signals, handler: Any) -> None:
    """Sets a handler until the stack is closed."""
    former.callback(signal.signal, number, signal.getsignal(number))
    signal.signal(number, handler)
