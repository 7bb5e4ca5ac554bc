"""The rooms of the C sources: who includes whom."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "libamlz" / "src"
ARCHIVE = ROOT / "archive"

# From the ground up: a room sees itself and those before it.
ROOMS = ("base", "program", "kernels", "run", "search")

# From the ground up: a file of the archive sees those before it, and of libamlz the public header alone.
ARCHIVE_LAYERS = (
    "amlz_archive",
    *("msgpack", "place", "msgpack_put", "msgpack_get", "schema", "record_put", "record_get"),
    *("checkpoint_put", "checkpoint_get", "checkpoint_resume"),
    *("json_get", "preparation", "model", "model_get", "writer", "reader"),
    *("file_kind", "file_system", "file_none", "file_posix", "file_windows"),
)


def included(path: Path) -> list[str]:
    """What a file includes in quotes, once each."""
    return list(dict.fromkeys(re.findall(r'^#\s*include "([^"]+)"', path.read_text("utf-8"), re.MULTILINE)))


def in_folder(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in (".c", ".h", ".def"))


def circle(arrows: dict[str, list[str]]) -> list[str]:
    """Files that lead back to the first of them; empty if there are none."""
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return trail[trail.index(name) :]
        if name in done:
            return []
        for other in arrows.get(name, []):
            if found := walk(other, [*trail, name]):
                return found
        done.add(name)
        return []

    return next(filter(None, (walk(name, []) for name in arrows)), [])


def test_a_circle_would_be_found() -> None:
    assert circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []
    assert circle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c"]


def test_all_sources_are_in_rooms() -> None:
    assert {path.name for path in SOURCES.iterdir()} == set(ROOMS)
    assert [path for room in ROOMS for path in (SOURCES / room).iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_sees_itself_and_those_below(room: str) -> None:
    below = ROOMS[: ROOMS.index(room) + 1]
    for path in in_folder(SOURCES / room):
        for name in included(path):
            assert name == "amlz.h" or name.partition("/")[0] in below, f"{room}/{path.name} includes {name}"
            assert name == "amlz.h" or (SOURCES / name).is_file(), f"{room}/{path.name} includes {name}"


def test_no_headers_include_each_other_in_a_circle() -> None:
    paths = [path for room in ROOMS for path in in_folder(SOURCES / room)]
    assert circle({path.relative_to(SOURCES).as_posix(): included(path) for path in paths}) == []


def test_what_is_done_in_a_file_is_declared_in_its_header() -> None:
    """A global function begins with its file's name or its room's, which is where one would look for it."""
    for room in ROOMS:
        for path in (SOURCES / room).glob("*.c"):
            for name in re.findall(r"^[a-z][^\n(;=]*?\bamlz__(\w+)\(", path.read_text("utf-8"), re.MULTILINE):
                first = name.split("_")[0]
                assert path.stem.startswith(first) or room.startswith(first), f"{room}/{path.name} has amlz__{name}"


def test_the_archive_is_made_of_layers() -> None:
    files = {path.stem for path in in_folder(ARCHIVE)}
    assert files == set(ARCHIVE_LAYERS)
    for path in in_folder(ARCHIVE):
        below = ARCHIVE_LAYERS[: ARCHIVE_LAYERS.index(path.stem) + 1]
        for name in included(path):
            assert name == "amlz.h" or name.removesuffix(".h") in below, f"{path.name} includes {name}"


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [("libamlz/examples", {"amlz.h"}), ("archive/examples", {"amlz.h", "amlz_archive.h"})],
)
def test_examples_see_what_users_have(folder: str, allowed: set[str]) -> None:
    examples = in_folder(ROOT / folder)
    assert examples
    for path in examples:
        assert set(included(path)) <= allowed, path.name
