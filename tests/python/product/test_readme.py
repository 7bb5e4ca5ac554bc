"""README, the tutorial and the notebook, as a reader would follow them: all blocks and cells in order."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
TUTORIAL = ROOT / "docs" / "tutorial.md"


def test_the_commands_of_the_readme_run_in_order_and_print_what_it_shows(tmp_path: Path) -> None:
    """Where output is shown, "..." stands for anything."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert [language for language, _ in blocks].count("text") == 2
    printed = ""
    for language, block in blocks:
        if language == "text":
            wanted = ".*?".join(map(re.escape, block.strip().split("...")))
            assert re.search(wanted, printed, re.DOTALL), f"{block}\n{printed}"
            continue
        printed = ""
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] == "pyamlz":
                words += ["--max-evaluations", "50_000"] * (words[1] == "climb")  # it may take an hour
                command = [sys.executable, "-m", *words]
                done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                printed += done.stdout
    assert {"run.amlz", "run.html", "learner.h", "two.amlz"} <= {file.name for file in tmp_path.iterdir()}


def test_the_tutorial_runs_from_start_to_end(tmp_path: Path) -> None:
    for tool in ("bash", "cc"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    pytest.importorskip("matplotlib")
    blocks = re.findall(r"^```bash\n(.*?)^```$", TUTORIAL.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euc", block],
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    assert {"report.html", "model.amlz", "model.h", "run.jsonl"} <= {file.name for file in tmp_path.iterdir()}


def test_the_notebook_runs_from_start_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    notebook = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text("utf-8"))
    namespace: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]), namespace)
    assert capsys.readouterr().out.startswith("sufficient_fitness")


def test_extras_that_pages_name_are_there_and_what_is_not_published_is_installed_from_here() -> None:
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
    for page in (README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        assert set(re.findall(r"(?:the extra `|'\.\[)(\w+)", text)) <= extras, page
        assert not re.search(r"pip install \S*pyamlz", text), page
