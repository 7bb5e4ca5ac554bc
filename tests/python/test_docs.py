"""The documentation: made from what it describes, its links whole, its programs running."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyamlz import OPS, Preset, Program, presets

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
QUICK = 60  # seconds that one program may take


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def snippets(language: str, having: str = "") -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, language), 1)
        if having in block
    ]


def rows_of_ops(columns: int) -> list[list[str]]:
    """The rows of the tables in ops.md that have so many columns and start with an id."""
    lines = (ROOT / "docs" / "ops.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("| ")]
    return [row for row in rows if len(row) == columns and row[0].isdigit()]


def test_op_reference_is_what_the_table_says() -> None:
    printed = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_ops.py"], capture_output=True, check=True, timeout=QUICK
    )
    assert printed.stdout.decode("utf-8") == (ROOT / "docs" / "ops.md").read_text("utf-8")


@pytest.mark.parametrize(("columns", "text"), [(7, 2), (2, 1)], ids=["printed", "also read"])
def test_texts_in_the_op_reference_are_those_of_the_ops(columns: int, text: int) -> None:
    for row in rows_of_ops(columns):
        line = re.sub(r"\bc[123]\b", "0.5", row[text].strip("`"))
        (instruction,) = Program.parse(f"def Learn():\n  {line}").learn
        assert instruction.op == OPS[int(row[0])].name


def test_the_op_reference_has_each_op_once() -> None:
    assert [int(row[0]) for row in rows_of_ops(7)] == [op.id for op in OPS]


def test_each_key_of_a_preset_is_explained() -> None:
    text = (ROOT / "docs" / "search.md").read_text("utf-8")
    for config in (Preset.load(name).config for name in presets.names()):
        keys = {key for key in config if key not in ("tasks", "select", "final", "space", "fec")}
        for key in keys | {f"fec.{key}" for key in config["fec"]}:
            assert re.search(rf"^\|.*`{re.escape(key)}`.*\|", text, re.MULTILINE), key


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name}: {target}"


@pytest.mark.parametrize("program", snippets("python"))
def test_python_runs(program: str, tmp_path: Path) -> None:
    if '"digits"' in program:
        pytest.importorskip("sklearn")
    script = tmp_path / "snippet.py"
    script.write_text(program, "utf-8")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=QUICK)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def library() -> Path:
    """The static library; only what changed is compiled."""
    for tool in ("make", "cc"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    make = ["make", "-C", ROOT / "libamlz", "BUILD=build", "build/libamlz.a"]
    subprocess.run(make, env=environment, capture_output=True, check=True)
    return ROOT / "libamlz" / "build" / "libamlz.a"


@pytest.mark.parametrize("program", snippets("c", having="int main("))
def test_complete_c_programs_run(program: str, library: Path, tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(program, "utf-8")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'libamlz' / 'include'}"]
    compiled = ["cc", *strict, source, library, "-lm", "-o", tmp_path / "program"]
    for command in (compiled, [tmp_path / "program"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=QUICK, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("commands", snippets("sh", having="pyamlz "))
def test_commands_run(commands: str, tmp_path: Path) -> None:
    """Each line that calls pyamlz, in a folder with the pages' own TOML files, shortened to a few seconds."""
    for page in PAGES:
        for toml in blocks(page, "toml"):
            if named := re.match(r"# (\w+\.toml)\n", toml):
                (tmp_path / named[1]).write_text(toml, "utf-8")
    if "digits" in commands:
        pytest.importorskip("sklearn")
    for line in commands.splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] != "pyamlz":
            continue
        if words[1] == "search":
            words += ["--max-seconds", "3"]
        command = [sys.executable, "-m", "pyamlz.cli", *words[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=QUICK)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
