"""Counts the files of the package that three flows enter, from the command or the call to C and back, and their calls.

    python tests/tools/flows.py [--files]

The flows are `search demo --checkpoint`, `resume` of what that left, and a fit of EvolvedRegressor. --files lists the
calls of each file too. What runs because a module is imported is not counted. Version 0.1 can be counted as well.
"""

import contextlib
import io
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import pyamlz

try:
    from pyamlz._cli.main import main
    from pyamlz.sklearn import EvolvedRegressor
except ImportError:
    from pyamlz.cli import main
    from pyamlz.estimator import EvolvedRegressor

PACKAGE = Path(pyamlz.__file__).parent
N = 20_000  # programs that a flow scores


class Calls:
    """Counts calls of functions by the file that they are in, and of C by name, in all threads."""

    def __init__(self) -> None:
        self.python: Counter[str] = Counter()
        self.c: Counter[str] = Counter()
        self._importing: Counter[int] = Counter()  # depth, by thread
        self._lock = threading.Lock()

    def _told(self, frame: FrameType, event: str, argument: Any) -> None:
        thread = threading.get_ident()
        code = frame.f_code
        if code.co_name == "<module>" and event in ("call", "return"):
            self._importing[thread] += 1 if event == "call" else -1
        elif self._importing[thread]:
            return
        elif event == "call":
            path = Path(code.co_filename)
            if path.is_relative_to(PACKAGE):
                with self._lock:
                    self.python[path.relative_to(PACKAGE).as_posix()] += 1
        elif event == "c_call" and str(argument.__name__).startswith("amlz_"):
            with self._lock:
                self.c[argument.__name__] += 1

    def __enter__(self) -> "Calls":
        threading.setprofile(self._told)
        sys.setprofile(self._told)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)


def counted(flow: Callable[[], object]) -> Calls:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), Calls() as calls:
        flow()
    return calls


def flows(folder: Path, n: int) -> dict[str, Calls]:
    """The calls of each flow, each of which scores so many programs; the folder takes a checkpoint."""
    checkpoint = str(folder / "run.amlz")
    search = ["search", "demo", "--seed", "1", "--set", f"max_evaluations={2 * n}", "--max-evaluations", str(n)]
    X = np.random.default_rng(1).standard_normal((200, 4))
    estimator = EvolvedRegressor(max_evaluations=n, random_state=1)
    return {
        "search --checkpoint": counted(lambda: main([*search, "--checkpoint", checkpoint])),
        "resume": counted(lambda: main(["resume", checkpoint])),
        "EvolvedRegressor.fit": counted(lambda: estimator.fit(X, X.sum(axis=1))),
    }


def table(counts: dict[str, Calls], *, with_files: bool) -> list[str]:
    lines = [f"{'flow':24}{'files':>8}{'calls':>10}{'calls of C':>12}  most of them in"]
    for name, calls in counts.items():
        busiest = ", ".join(f"{path} ({count:,})" for path, count in calls.python.most_common(2))
        lines.append(f"{name:24}{len(calls.python):8}{calls.python.total():10,}{calls.c.total():12,}  {busiest}")
    if with_files:
        for name, calls in counts.items():
            lines += ["", name, *(f"{count:10,}  {path}" for path, count in calls.python.most_common())]
    return lines


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        print(*table(flows(Path(made), N), with_files="--files" in sys.argv[1:]), sep="\n")
