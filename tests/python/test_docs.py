"""The documentation: made from what it describes, its links whole, its programs running."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
QUICK = 60  # seconds that one program may take


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def snippets(language: str) -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, language), 1)
    ]


def test_op_reference_is_what_the_table_says() -> None:
    printed = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_ops.py"], capture_output=True, check=True, timeout=QUICK
    )
    assert printed.stdout.decode("utf-8") == (ROOT / "docs" / "ops.md").read_text("utf-8")


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
    script = tmp_path / "snippet.py"
    script.write_text(program, "utf-8")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=QUICK)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("commands", [block for page in PAGES for block in blocks(page, "sh") if "pyamlz " in block])
def test_commands_run(commands: str, tmp_path: Path) -> None:
    """Each line that calls pyamlz, in a folder with the page's own TOML file, shortened to a few seconds."""
    for page in PAGES:
        for toml in blocks(page, "toml"):
            if named := re.match(r"# (\w+\.toml)\n", toml):
                (tmp_path / named[1]).write_text(toml, "utf-8")
    for line in commands.splitlines():
        words = line.partition(" #")[0].split()
        if not words or words[0] != "pyamlz":
            continue
        if words[1] == "search":
            words += ["--max-seconds", "3"]
        command = [sys.executable, "-m", "pyamlz.cli", *words[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=QUICK)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
