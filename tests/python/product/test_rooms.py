"""The rooms of the package: which there are, which touch the C library, and how names that moved are refused."""

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pyamlz
from pyamlz._lib.moved import MOVED, RENAMED

tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = Path(pyamlz.__file__).parent
NO_ROOMS = re.compile(r"__init__\.py|__main__\.py|__pycache__|py\.typed|_ffi\..*")
WRAPPERS = {"_lib", "program", "archive", "search", "bench", "explain", "export"}  # the rooms that wrap C objects


def sources() -> dict[str, str]:
    """The text of each file by its path in the package."""
    return {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}


def test_there_are_few_enough_to_see_at_a_glance() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if not NO_ROOMS.fullmatch(path.name)}
    assert len(rooms) <= 16, rooms


def test_who_touches_the_c_library() -> None:
    rooms = {name.partition("/")[0] for name, text in sources().items() if "pyamlz._ffi import" in text}
    assert rooms <= WRAPPERS


def drawn(heading: str, rooms: set[str]) -> list[list[str]]:
    """Which of the rooms are on each floor of a picture in CONTRIBUTING.md, from the top."""
    section = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition(f"\n### {heading}\n")[2]
    floors = re.findall(r"^ (\d)  (.*(?:\n    \w.*)*)$", section.split("```")[1], re.MULTILINE)
    assert [int(number) for number, _ in floors] == list(range(len(floors), 0, -1))
    return [[word for word in re.findall(r"\w+", floor) if word in rooms] for _, floor in floors]


def test_the_house_is_as_it_is_drawn() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = [layer.split(" | ") for layer in layers]
    assert drawn("The rooms of Python", {room for floor in floors for room in floor}) == floors
    rooms = {path.name for path in (ROOT / "libamlz" / "src").iterdir()}
    assert sorted(drawn("The rooms of C", rooms)) == sorted([room] for room in rooms)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/adding.md"])
def test_paths_that_newcomers_are_sent_to_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    paths = re.findall(r"`((?:archive|docs|libamlz|pyamlz|tests)/[\w./]*)`", text)
    assert len(paths) >= 5
    for path in paths:
        assert (ROOT / path).exists(), path


def test_what_is_called_on_a_search_is_called_in_one_file() -> None:
    """The other one looks at configurations alone, which there are without a search."""
    calls = {name: set(re.findall(r"\blib\.(amlz_search_\w+)", text)) for name, text in sources().items()}
    calls = {name: found for name, found in calls.items() if found}
    assert calls.keys() == {"search/_engine.py", "program/_settings.py"}
    assert calls["program/_settings.py"] == {"amlz_search_check"}


@pytest.mark.parametrize("old", MOVED)
def test_names_that_moved_say_where_they_are(old: str) -> None:
    room, _, name = old.rpartition(".")
    sentence = re.escape(f"{old} has moved: use {MOVED[old]}")
    with pytest.raises(ImportError, match=sentence):
        importlib.import_module(old)
    with pytest.raises(ImportError, match=sentence):
        exec(f"from {room} import {name}")
    with pytest.raises(AttributeError, match=sentence):
        getattr(importlib.import_module(room), name)


def test_the_changelog_says_of_each_name_where_it_is_now() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    rows = dict(re.findall(r"^  \| `(pyamlz\.[\w.]+)` \| (.*) \|$", text, re.MULTILINE))
    known = {**MOVED, **RENAMED}
    assert {old: new.replace("`", "") for old, new in rows.items() if old in known} == known


def test_what_has_moved_is_somewhere() -> None:
    for new in MOVED.values():
        for name in re.findall(r"pyamlz[\w.]*", new):
            pkgutil.resolve_name(name)


@pytest.mark.parametrize("old", RENAMED)
def test_names_that_are_others_now_say_which(old: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(f"{old} has moved: use {RENAMED[old]}")):
        getattr(pyamlz, old.rpartition(".")[2])


def test_other_names_are_unknown_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'pyamlz.nothing'"):
        importlib.import_module("pyamlz.nothing")
    with pytest.raises(AttributeError, match="nothing"):
        getattr(pyamlz, "nothing")  # noqa: B009


def test_what_is_public_is_what_is_listed() -> None:
    assert dir(pyamlz) == sorted(pyamlz.__all__)
    for name in pyamlz.__all__:
        getattr(pyamlz, name)


def test_importing_the_package_loads_the_core_alone() -> None:
    code = "import sys, pyamlz; print(*(name for name in sys.modules if name.startswith('pyamlz.')))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    rooms = {name.split(".")[1] for name in output.split()}
    assert rooms == {"_ffi", "_lib", "tasks", "program", "archive", "search"}


def test_a_package_that_is_not_compiled_says_what_to_do(tmp_path: Path) -> None:
    """As that of a source folder, where another copy has been installed."""
    shutil.copytree(PACKAGE, tmp_path / "pyamlz", ignore=shutil.ignore_patterns("*.so", "*.pyd"))
    command = [sys.executable, "-S", "-m", "pyamlz"]  # without what is installed
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"ImportError: the C library is not compiled in {tmp_path / 'pyamlz'}" in done.stderr
    assert "pip install -e ." in done.stderr
