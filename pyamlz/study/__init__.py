"""The paper's experiments as studies, which may take hours and any number of sittings.

>>> from pyamlz import study
>>> report = study.run(study.find("difficulty").configured(small=True), "folder", seeds=1)  # doctest: +SKIP
>>> print(report.table.markdown())  # doctest: +SKIP
"""

from __future__ import annotations

from typing import Final

from pyamlz._checks import hint
from pyamlz.errors import InputError
from pyamlz.study.ablation import Ablation
from pyamlz.study.adaptation import Adaptation
from pyamlz.study.baseline import Baseline
from pyamlz.study.difficulty import Difficulty
from pyamlz.study.framework import Interrupted, Report, Study, Table, run
from pyamlz.study.nonlinear import Nonlinear
from pyamlz.study.rawdata import Cell, RawData, Record, Unit
from pyamlz.study.transfer import Transfer

_ALL: Final[tuple[type[Study], ...]] = (Difficulty, Nonlinear, Baseline, Ablation, Transfer, Adaptation)

__all__ = ["STUDIES", "Cell", "Interrupted", "RawData", "Record", "Report", "Study", "Table", "Unit", "find", "run"]

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
