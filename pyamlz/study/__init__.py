"""The paper's experiments, and public tables, as studies, which may take hours and any number of sittings.

Experimental: names and files of studies may change in any version.

>>> from pyamlz import study
>>> report = study.run(study.find("difficulty").configured(small=True), "folder", seeds=1)  # doctest: +SKIP
>>> print(report.table.markdown())  # doctest: +SKIP
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from pyamlz import plot
from pyamlz._lib.checks import hint
from pyamlz._lib.errors import InputError
from pyamlz.study._ablation import Ablation
from pyamlz.study._adaptation import Adaptation
from pyamlz.study._baseline import Baseline
from pyamlz.study._difficulty import Difficulty
from pyamlz.study._framework import RAW, Interrupted, Report, Study, command_of, made_of, run
from pyamlz.study._nonlinear import Nonlinear
from pyamlz.study._rawdata import Cell, RawData, Record, Unit
from pyamlz.study._table import ResultTable
from pyamlz.study._tables import Tables
from pyamlz.study._transfer import Transfer

_ALL: Final[tuple[type[Study], ...]] = (Difficulty, Nonlinear, Baseline, Ablation, Transfer, Adaptation, Tables)

__all__ = [
    "STUDIES",
    "Cell",
    "Interrupted",
    "RawData",
    "Record",
    "Report",
    "ResultTable",
    "Study",
    "Unit",
    "command_of",
    "draw",
    "find",
    "name_of",
    "run",
]

#: All studies, by name.
STUDIES: Final[dict[str, type[Study]]] = {study.NAME: study for study in _ALL}


def find(name: str) -> type[Study]:
    """The study of a name.

    Raises:
        InputError: there is none; the message suggests the nearest.
    """
    if name not in STUDIES:
        raise InputError(f"unknown study {name!r}{hint(name, STUDIES)}")
    return STUDIES[name]


def name_of(folder: str | os.PathLike[str]) -> str:
    """The name of the study whose files are in a folder.

    Raises:
        DataError: there is none.
    """
    return made_of(Path(folder))[0]


def draw(folder: str | os.PathLike[str], figure: Any = None) -> Any:
    """Draws what a study has found so far.

    Args:
        folder: where the study's files are.
        figure: the figure of matplotlib to draw into; by default a new one.

    Returns:
        The figure.

    Raises:
        DataError: there is no study in the folder, or its raw data are damaged.
        InputError: it is of a study, or has settings, that this version does not know.
    """
    name, settings = made_of(Path(folder))
    study = find(name).configured([f"{key}={value}" for key, value in settings.items()])
    drawn = plot.figure() if figure is None else figure
    with RawData(Path(folder) / RAW) as raw:
        study.draw(raw.records, drawn)
    return drawn
