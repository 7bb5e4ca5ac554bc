"""What a file holds, whatever that is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeAlias

from pyamlz import archive
from pyamlz.archive._find import read_text
from pyamlz.program import Program
from pyamlz.search._islands import Islands
from pyamlz.search._model import Model
from pyamlz.search._records import Member
from pyamlz.search._search import Search

__all__ = ["Loaded", "load"]

Loaded: TypeAlias = Program | Sequence[Member] | Search | Islands | Model


def load(path: str | os.PathLike[str], n_features: int = 0) -> Loaded:
    """What a file holds, ready for use; :meth:`Search.load`, for one, takes more arguments.

    Args:
        path: an archive, or a program's text.
        n_features: F, for integer indexes in a text; see :meth:`Program.parse`.

    Returns:
        A :class:`Program`, the members of a population, a :class:`Search` or :class:`Islands` where they were when they
        were saved (what came after their last mark is done again), or a :class:`Model`. `archive.read` gives what is in
        an archive as plain data, and does nothing again.

    Raises:
        InputError: the file cannot be read, or is a text of more than a mebibyte.
        ProgramError: it is a text that is no program; the message starts with the path.
        ArchiveError: it is a damaged archive, or a search that cannot go on here; likewise.
    """
    name = os.fspath(path)
    if not archive.is_archive(path):
        return read_text(path, n_features)
    found = archive.read(path)
    if isinstance(found, archive.ProgramArchive):
        return found.program
    if isinstance(found, archive.PopulationArchive):
        return found.population
    if isinstance(found, archive.ModelArchive):
        return Model.of(found, name)
    return Islands.of(found, name) if isinstance(found, archive.Islands) else Search.of(found, name)
