"""What a checkpoint, its file and the run's log tell of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from pyamlz import archive
from pyamlz._lib.errors import ArchiveError
from pyamlz.lab import Session
from pyamlz.program import Dims, Program
from pyamlz.tasks._reading import DataSource

__all__ = ["Found", "Run"]

_KINDS = {"regression": "regression", "binary": "binary classification", "multiclass": "classification"}


class Found(NamedTuple):
    """The program that a page is about.

    Attributes:
        program: the program.
        dims: its memory.
        fitness: on the tasks of its search.
        select_fitness: on the select tasks; None without them.
    """

    program: Program
    dims: Dims
    fitness: float
    select_fitness: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run.

    Attributes:
        path: the checkpoint's file.
        data: its bytes.
        saved: what is in it.
        session: the run of experiments; None for a search or islands alone.
        log: lines of the log; none without one.
    """

    path: Path
    data: bytes
    saved: archive.Checkpoint | archive.Islands
    session: Session | None
    log: list[dict[str, Any]]

    @classmethod
    def read(cls, path: str | os.PathLike[str], log: list[dict[str, Any]], data: DataSource | None = None) -> Run:
        """Reads a checkpoint.

        Raises:
            ArchiveError: it is none.
        """
        name = os.fspath(path)
        saved = archive.read(path)
        if not isinstance(saved, archive.Checkpoint | archive.Islands):
            raise ArchiveError(f"{name}: expected a checkpoint, got a {type(saved).__name__}")
        return cls(Path(name), Path(name).read_bytes(), saved, Session.of(saved, name, data), log)

    @property
    def islands(self) -> tuple[archive.Checkpoint, ...]:
        """The searches; one that is alone is an island too."""
        return self.saved.islands if isinstance(self.saved, archive.Islands) else (self.saved,)

    @property
    def found(self) -> Found:
        """What the run would give, or the best of the search.

        Raises:
            ArchiveError: nothing was evaluated yet.
        """
        found = archive.found(self.saved, str(self.path))
        return Found(found.program, self.saved.dims, found.fitness, found.select_fitness)

    @property
    def evaluations(self) -> int:
        """Programs that were scored, in all experiments."""
        before = 0 if self.session is None else self.session.evaluations
        return before + sum(island.evaluations for island in self.islands)

    @property
    def seed(self) -> int:
        """What everything random is derived from."""
        return self.islands[0].config.seed if self.session is None else self.session.seed

    @property
    def title(self) -> str:
        """The preset's name; of own data the file's."""
        own = next((arguments for _, arguments in self._sources() if arguments.get("path")), None)
        if own is not None:
            target = own.get("target")
            return os.path.basename(str(own["path"])) + (f", {target}" if target else "")
        return "Search" if self.session is None else self.session.preset.name

    @property
    def description(self) -> str:
        """What is searched for, in a sentence."""
        own = any(arguments.get("path") for _, arguments in self._sources())
        if self.session is None or own:
            return f"Programs that learn {_KINDS[self.saved.dims.kind]} from {self.saved.dims.n_features} features."
        return self.session.preset.description

    @property
    def tasks(self) -> str:
        """Where examples come from, and how many there are."""
        told = []
        records = () if self.session is None else self.session.data or ()
        rows = {record["read"]["path"]: f"{record['rows']:,} rows, " for record in records}
        for island, (generator, arguments) in zip(self.islands, self._sources(), strict=True):
            path = arguments.get("path")
            name = os.path.basename(str(path)) if path else str(arguments.get("dataset") or generator)
            sizes = f"{island.tasks.count} tasks of {island.tasks.train:,} + {island.tasks.valid:,} examples"
            told.append(f"{name}: {rows.get(path, '')}{island.dims.n_features} features; {sizes}")
        return "; ".join(dict.fromkeys(told))

    @property
    def saved_at(self) -> str:
        """When the file was written last, in UTC."""
        time = datetime.fromtimestamp(self.path.stat().st_mtime, timezone.utc)
        return f"{time:%Y-%m-%d %H:%M} UTC"

    @property
    def duration(self) -> str:
        """How long the run took until now, in all sittings, as far as that is written down."""
        if self.session is not None and self.session.seconds is not None:
            return _duration(self.session.seconds)
        ends = [float(row["seconds"]) for row in self.log if row["kind"] == "end"]
        return _duration(sum(ends)) if ends else "not recorded"

    def _sources(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Generator and arguments of each island's tasks."""
        for island in self.islands:
            text = island.tasks.source
            source = {} if text is None else archive.from_json(text, f"{self.path}: tasks.source")
            source = source if isinstance(source, dict) else {}
            arguments = source.get("arguments")
            yield str(source.get("generator", "examples")), arguments if isinstance(arguments, dict) else {}


def _duration(seconds: float) -> str:
    """As people say it: "0.4 s", "3 min 20 s", "5 h 7 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
