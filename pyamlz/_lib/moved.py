"""Names of version 0.1 that have moved: who asks for one hears the new name. To go with version 0.3."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

#: The new name of each public module, or what it held, that is elsewhere now.
MOVED: Final[dict[str, str]] = {
    "pyamlz.archive.HistoryRow": "pyamlz.Improvement",
    "pyamlz.archive.load_program": "pyamlz.load",
    "pyamlz.baselines": "pyamlz.program.baselines and pyamlz.lab",
    "pyamlz.bench_scaling": "pyamlz.bench",
    "pyamlz.callbacks": "pyamlz.search.callbacks",
    "pyamlz.cli": "the command pyamlz, or python -m pyamlz",
    "pyamlz.conform": "pyamlz.bench",
    "pyamlz.coupling": "pyamlz.explain",
    "pyamlz.errors": "pyamlz",
    "pyamlz.estimator": "pyamlz.sklearn",
    "pyamlz.evaluate": "pyamlz and pyamlz.search",
    "pyamlz.experiment": "pyamlz.lab and pyamlz.search",
    "pyamlz.interpret": "pyamlz.explain",
    "pyamlz.islands": "pyamlz and pyamlz.search",
    "pyamlz.learner": "pyamlz",
    "pyamlz.lineage": "pyamlz.explain",
    "pyamlz.log": "pyamlz.search.log",
    "pyamlz.ops": "pyamlz and pyamlz.program",
    "pyamlz.presets": "pyamlz.lab",
    "pyamlz.progress": "pyamlz.search",
    "pyamlz.records": "pyamlz and pyamlz.search",
    "pyamlz.select": "pyamlz.lab",
    "pyamlz.space": "pyamlz and pyamlz.program",
    "pyamlz.staged": "pyamlz.lab",
    "pyamlz.transfer": "pyamlz.lab",
    "pyamlz.tune": "pyamlz.lab",
}

#: The new name of each public name of the package that is called otherwise now.
RENAMED: Final[dict[str, str]] = {
    "pyamlz.Preset": "pyamlz.Experiment",
}


def where(name: str) -> str | None:
    """A sentence about what had this name and has moved, or has another name now; None if nothing has."""
    new = MOVED.get(name) or RENAMED.get(name)
    return None if new is None else f"{name} has moved: use {new}"


class _Finder:
    """Finds nothing; it is asked when nobody else has found a module."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if sentence := where(fullname):
            raise ImportError(sentence, name=fullname)
        return None


def watch() -> None:
    """From now on, who imports a module that has moved hears where it is."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
