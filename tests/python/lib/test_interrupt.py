"""Signals that end long work: whose handlers they replace, for how long, and what they do meanwhile."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from pyamlz._lib.interrupt import command_signals, interrupt_flag

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def mine(number: int, frame: object) -> None:
    """A handler of the program's own."""


@pytest.fixture(autouse=True)
def _as_before():
    former = {number: signal.getsignal(number) for number in (INT, TERM, HUP)}
    yield
    for number, handler in former.items():
        assert signal.getsignal(number) == handler or handler is None
        signal.signal(number, handler)


@pytest.fixture
def handler(request):
    former = {number: signal.signal(number, request.param) for number in (INT,)}
    yield request.param
    for number, before in former.items():
        assert signal.getsignal(number) == request.param
        signal.signal(number, before)


class TestFlag:
    @pytest.mark.parametrize("number", [INT, TERM, HUP])
    def test_is_set_by_each_signal_that_it_was_made_for(self, number):
        with interrupt_flag(INT, TERM, HUP) as flag:
            assert not flag.is_set
            os.kill(os.getpid(), number)
            assert flag.is_set
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), number)

    @pytest.mark.parametrize("handler", [signal.SIG_IGN, mine], indirect=True, ids=["ignored", "of one's own"])
    def test_of_one_signal_does_not_depend_on_another(self, handler):
        """Ctrl-C is ignored or has a handler; SIGTERM is heard all the same, by what is nested too."""
        with interrupt_flag(INT, TERM), interrupt_flag() as inner:
            os.kill(os.getpid(), INT)
            assert not inner.is_set
            os.kill(os.getpid(), TERM)
            assert inner.is_set

    def test_is_still_known_to_a_thread_that_was_not_waited_for(self):
        """What it does within, after the run has ended, hears of the signal too; what it begins afterwards does not."""
        began, ended, seen = threading.Event(), threading.Event(), []

        def work():
            with interrupt_flag():
                began.set()
                ended.wait()
                with interrupt_flag() as inner:
                    seen.append(inner.is_set)
            with interrupt_flag() as another:
                seen.append(another.is_set)

        thread = threading.Thread(target=work)
        with interrupt_flag(INT):
            thread.start()
            began.wait()
            os.kill(os.getpid(), INT)
        ended.set()
        thread.join()
        assert seen == [True, False]

    def test_is_one_for_all_threads(self):
        seen = []

        def look():
            with interrupt_flag() as flag:
                seen.append(flag)

        with interrupt_flag() as flag:
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
        assert seen == [flag]

    def test_in_another_thread_alone_is_never_set(self):
        seen = []

        def look():
            with interrupt_flag(INT, TERM) as flag:
                seen.append(flag)

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        with interrupt_flag() as flag:
            assert flag is not seen[0]

    def test_is_a_new_one_each_time(self):
        with interrupt_flag() as first:
            os.kill(os.getpid(), INT)
        with interrupt_flag() as second:
            assert (first.is_set, second.is_set) == (True, False)


class TestCommand:
    @pytest.mark.parametrize("handler", [signal.SIG_IGN, mine], indirect=True, ids=["ignored", "of one's own"])
    @pytest.mark.parametrize("number", [INT, TERM])
    def test_ends_whatever_the_signal_did_before(self, handler, number):
        with command_signals(), pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        with command_signals(), interrupt_flag(INT, TERM) as flag:
            os.kill(os.getpid(), number)
            assert flag.is_set

    def test_leaves_a_hangup_that_is_ignored(self):
        former = signal.signal(HUP, signal.SIG_IGN)
        with command_signals(), interrupt_flag(INT, HUP) as flag:
            os.kill(os.getpid(), HUP)
            assert not flag.is_set
        signal.signal(HUP, former)
