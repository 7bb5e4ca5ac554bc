"""Examples in docstrings, and those in files, do what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import pyamlz

EXAMPLES = Path(__file__).parents[3] / "examples"

MODULES = sorted(m.name for m in pkgutil.walk_packages(pyamlz.__path__, "pyamlz.") if not m.name.endswith("__main__"))


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"needs {error.name}")
    assert doctest.testmod(module).failed == 0


def test_the_process_pool_finds_what_one_process_finds() -> None:
    script = EXAMPLES / "process_pool.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=True)
    example = runpy.run_path(str(script))
    search = example["LINEAR"].search(example["TASKS"], seed=1)
    for _ in range(example["EVALUATIONS"]):
        asked = search.ask()
        search.tell(asked, example["fitness_of"](asked.program))
    assert done.stdout.endswith(f"digest {search.digest:016x}\n")
