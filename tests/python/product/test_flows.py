"""How much runs: the files that the main flows enter, and the modules that importing the package loads."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pyamlz import Program

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def flows() -> ModuleType:
    """tests/tools/flows.py."""
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("flows", ROOT / "tests" / "tools" / "flows.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_calls_are_counted_by_file_and_those_of_c_by_name(flows: ModuleType) -> None:
    calls = flows.counted(lambda: [Program.parse("def Learn():\n  s1 = s2 + s3") for _ in range(3)])
    assert calls.c["amlz_program_parse"] == 3
    assert calls.python["program/_program.py"] >= 3
    assert not any(path.startswith("search/") for path in calls.python)


def test_importing_counts_for_nothing(flows: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pyamlz.bench._speed", raising=False)
    calls = flows.counted(lambda: __import__("pyamlz.bench._speed"))
    assert not calls.python


def test_each_flow_goes_through_few_files(flows: ModuleType, tmp_path: Path) -> None:
    n_files = len(list(flows.PACKAGE.rglob("*.py")))
    counted = flows.flows(tmp_path, 2000)
    assert len(counted) == 3
    for name, calls in counted.items():
        assert 10 < len(calls.python) < 0.4 * n_files, name
        assert calls.c.total() > 0, name
    lines = flows.table(counted, with_files=False)
    assert [line.split("  ")[0] for line in lines[1:]] == list(counted)


def test_importing_the_package_loads_few_modules() -> None:
    """Less than 0.1 s after NumPy where the modules were compiled before; modules are counted, as times vary."""
    code = "import sys, numpy; there = set(sys.modules); import pyamlz; print(*(set(sys.modules) - there))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    own = {name for name in output.split() if name.partition(".")[0] == "pyamlz"}
    others = set(output.split()) - own
    assert len(own) <= 70, own
    assert len(others) <= 70, others
    assert not others & {"email", "importlib.metadata", "tomllib", "tomli", "matplotlib", "sklearn", "onnx", "zipfile"}
