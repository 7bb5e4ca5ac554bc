"""What is done unit by unit: attempts of a climb, scores of a selection or a tuning, tunings and pairs of a transfer.

What comes out of a unit depends on its place alone. So it is enough to remember what came of those that are done: a
sitting that is ended in any way loses the unit at hand, and the next one does that again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from pyamlz._lib.errors import ArchiveError
from pyamlz._lib.files import replace_file
from pyamlz._lib.interrupt import Flag
from pyamlz.archive import pack
from pyamlz.lab._sitting import Path
from pyamlz.program import Program
from pyamlz.search import Member, PackedTasks, Progress
from pyamlz.search._running import Callbacks, Clock

__all__ = ["Halted", "StopReason", "Units", "digest", "is_units", "read_units"]

StopReason: TypeAlias = Literal["done", "max_evaluations", "interrupted", "callback"]

_BEGINNING: Final = b'{"pyamlz":"units"'
_LEADERS: Final = 3


class Halted(Exception):  # noqa: N818
    """Raised within a unit that shall not be ended; its reason is why."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Units:
    """What callbacks get as the run.

    Args:
        kind: of what is done: "climb", "select", "tune", "transfer".
        seed: of everything random in it.
        config: JSON values that it depends on besides.
        command: the words of the command that does the same, for `pyamlz resume`.
        weight: how much work there is in all; None if nothing says it.

    Attributes:
        done: what came of the units, as JSON values, in their order.
        progress: after the last of them.
        hall_of_fame: the best programs.
    """

    def __init__(
        self, kind: str, seed: int, config: Mapping[str, Any], command: Sequence[str], weight: float | None
    ) -> None:
        self.kind, self.seed, self.config = kind, seed, json.loads(json.dumps(config))
        self.command = list(command)
        self.done: list[Any] = []
        self.progress = Progress()
        self.hall_of_fame: list[Member] = []
        self.clock = Clock()
        self.stopped: StopReason | None = None
        self._weight = weight
        self._before: float | None = None  # work of former sittings

    def go_on(self, path: Path) -> None:
        """Takes in what was done before, from a checkpoint.

        Raises:
            ArchiveError: it is none, or one of something else; the message names the key.
        """
        name, table = os.fspath(path), read_units(path)
        for key, wanted in {"kind": self.kind, "seed": self.seed, **self.config}.items():
            found = table[key] if key in ("kind", "seed") else table["config"].get(key)
            if found != wanted:
                raise ArchiveError(f"{name}: {key}: expected {wanted!r:.100}, got {found!r:.100}")
        self.done, self.command = table["done"], table["command"]

    def saving(self) -> Callable[[Path], None]:
        """A copy of the run, and what writes a checkpoint of it."""
        head = {"pyamlz": "units", "version": 1, "kind": self.kind, "seed": self.seed, "config": self.config}
        table = {**head, "command": self.command, "done": list(self.done)}

        def save(path: Path) -> None:
            replace_file(path, json.dumps(table, separators=(",", ":"), allow_nan=False).encode("ascii"))

        return save

    def tell(self, work: float, **values: Any) -> Progress:
        """Sets the progress, when so much of the work is done."""
        seconds = self.clock.in_this_run()
        if self._before is None:
            self._before = work
        ahead: dict[str, Any] = {}
        if self._weight is not None:
            done = work - self._before
            left = max(self._weight - work, 0.0) * seconds / done if done > 0 else None
            ahead = {"share": min(work / self._weight, 1.0), "seconds_left": left}
        self.progress = Progress(**{**values, "seconds": seconds, **ahead})
        return self.progress

    def lead(self, program: Program, fitness: float, number: int) -> None:
        """Takes a program in among the best, if it is one."""
        member = Member(pack(program), fitness, number)
        self.hall_of_fame = sorted([*self.hall_of_fame, member], key=lambda m: -m.fitness)[:_LEADERS]

    def look(self, callbacks: Callbacks, interrupt: Flag) -> bool:
        """Tells callbacks how it goes; whether it shall end, and why is remembered."""
        stops = callbacks.often(self.progress)
        if interrupt.is_set:
            self.stopped = "interrupted"
        elif stops:
            self.stopped = self.stopped or "callback"
        return self.stopped is not None


def is_units(path: Path) -> bool:
    """Whether a file begins like a checkpoint of units."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except (OSError, ValueError):
        return False


def read_units(path: Path) -> dict[str, Any]:
    """What :meth:`Units.saving` has written.

    Raises:
        ArchiveError: it is something else.
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            table = json.loads(file.read())
    except (OSError, ValueError, RecursionError) as error:
        raise ArchiveError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    types = {"version": int, "kind": str, "seed": int, "config": dict, "command": list, "done": list}
    if not isinstance(table, dict) or table.get("pyamlz") != "units":
        raise ArchiveError(f"{name}: expected a checkpoint of a climb, a selection, a tuning or a transfer")
    for key, kind in types.items():
        if type(table.get(key)) is not kind:
            raise ArchiveError(f"{name}: {key}: expected a value of another type, got {table.get(key)!r:.50}")
    if table["version"] != 1 or not all(isinstance(word, str) for word in table["command"]):
        raise ArchiveError(f"{name}: expected version 1 and words of a command")
    return table


def digest(parts: Iterable[str | PackedTasks]) -> str:
    """A short name of texts and tasks."""
    texts = [part if isinstance(part, str) else f"{part.precision} {part.tasks.digest}" for part in parts]
    return hashlib.sha256(json.dumps(texts).encode("ascii")).hexdigest()[:16]
