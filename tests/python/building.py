"""Runs the tools that build and measure the C library."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "libamlz"
JOBS = f"-j{os.cpu_count() or 1}"


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
    """Runs a command, free of what a surrounding make passes on, and returns what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{' '.join(map(str, command))}\n{result.stdout}"
    return result.stdout


def need(*tools: str) -> None:
    """Skips a test whose tools are not on this machine."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
