"""Archives: programs, populations, searches and trained models as files that last (`archive/FORMAT.md`)."""

from typing import TYPE_CHECKING, NoReturn

from pyamlz._lib import moved
from pyamlz.archive._codec import decode, encode
from pyamlz.archive._contents import (
    MAX_ISLANDS,
    MAX_SESSION,
    MAX_SOURCE,
    WRITER,
    Archive,
    Checkpoint,
    Config,
    Function,
    Islands,
    Mark,
    ModelArchive,
    PopulationArchive,
    ProgramArchive,
    TasksRecord,
    from_json,
    to_json,
)
from pyamlz.archive._files import is_archive, read, save_population, write
from pyamlz.archive._find import find_program, find_start
from pyamlz.archive._found import WHICH, Candidate, found, program_of, read_candidate
from pyamlz.archive._members import Counts, Improvement, Member, pack, unpack

__all__ = [
    "MAX_ISLANDS",
    "MAX_SESSION",
    "MAX_SOURCE",
    "WHICH",
    "WRITER",
    "Archive",
    "Candidate",
    "Checkpoint",
    "Config",
    "Counts",
    "Function",
    "Improvement",
    "Islands",
    "Mark",
    "Member",
    "ModelArchive",
    "PopulationArchive",
    "ProgramArchive",
    "TasksRecord",
    "decode",
    "encode",
    "find_program",
    "find_start",
    "found",
    "from_json",
    "is_archive",
    "pack",
    "program_of",
    "read",
    "read_candidate",
    "save_population",
    "to_json",
    "unpack",
    "write",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> NoReturn:
        raise AttributeError(moved.where(f"{__name__}.{name}") or f"module {__name__!r} has no attribute {name!r}")
