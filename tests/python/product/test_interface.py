"""What others build upon: the kept list of it, and the manual pages that tell of it."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from building import LIBRARY, ROOT

import pyamlz

ABI = ROOT / "tests/tools/abi.py"
KEPT = ROOT / "tests/abi.txt"
MANUALS = ROOT / "docs/man"


def interface_of(tmp_path: Path, old: str, new: str) -> set[str]:
    """The list where one place of amlz.h is another."""
    text = (LIBRARY / "include/amlz.h").read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / "amlz.h").write_text(text.replace(old, new), encoding="utf-8")
    tool = runpy.run_path(str(ABI))
    tool["interface"].__globals__["HEADERS"] = (tmp_path / "amlz.h", ROOT / "archive/amlz_archive.h")
    return set(tool["interface"]())


def test_is_the_kept_one() -> None:
    now, kept = (runpy.run_path(str(ABI))["interface"](), KEPT.read_text(encoding="utf-8").splitlines())
    lines = list(now)
    gone, new = [line for line in kept if line not in lines], [line for line in lines if line not in kept]
    assert lines == kept, (
        f"the interface is another than tests/abi.txt has of version {pyamlz.__version__}:\n"
        + "".join(f"- {line}\n" for line in gone)
        + "".join(f"+ {line}\n" for line in new)
        + "If that is meant and this version is released, raise it in amlz.h and pyproject.toml. "
        "Tell it in CHANGELOG.md; make references writes the list anew."
    )


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("uint32_t tournament_size;", "uint64_t tournament_size;", "member amlz_search_config.tournament_size at 456"),
        ("AMLZ_MEDIAN = 1", "AMLZ_MEDIAN = 2", "enum amlz_combine: AMLZ_MEAN 0, AMLZ_MEDIAN 2"),
        ("#define AMLZ_MAX_FEATURES 65536", "#define AMLZ_MAX_FEATURES 65537", "number AMLZ_MAX_FEATURES 65537"),
        ("int amlz_op_count(void);", "long amlz_op_count(void);", "function long amlz_op_count(void)"),
    ],
)
def test_list_notices_a_change(tmp_path: Path, old: str, new: str, line: str) -> None:
    changed = interface_of(tmp_path, old, new) - set(KEPT.read_text(encoding="utf-8").splitlines())
    assert any(found.startswith(line) for found in changed), changed


def test_manual_pages_are_as_the_header_and_the_command() -> None:
    where = str(ROOT / "docs")
    code = f"import sys; sys.path[:0] = [{where!r}]; import json, make_man; print(json.dumps(make_man.pages()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(done.stdout) == {page.name: page.read_text(encoding="utf-8") for page in MANUALS.iterdir()}, (
        "make references"
    )


def test_manual_pages_tell_of_every_function_and_command() -> None:
    c, command = ((MANUALS / name).read_text(encoding="utf-8") for name in ("amlz.3", "pyamlz.1"))
    for line in KEPT.read_text(encoding="utf-8").splitlines():
        if line.startswith("function "):
            name = re.search(r"(\w+)\(", line)[1]
            assert f"\\fB{name}\\fR" in c
        elif line.startswith("option "):
            assert f".SH {line.split()[1].upper()}\n" in command


@pytest.mark.parametrize("page", ["amlz.3", "pyamlz.1"])
def test_manual_pages_are_good_ones(page: str) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not here")
    found = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", MANUALS / page], capture_output=True, text=True, check=False
    ).stdout
    assert [line for line in found.splitlines() if "missing date" not in line] == []
