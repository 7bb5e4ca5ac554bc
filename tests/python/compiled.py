"""Compiles and runs C programs, strictly."""

import shutil
import subprocess
from pathlib import Path

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def run(folder: Path, code: str, compiler: str, *flags: str) -> str:
    """Compiles and runs a C program; what it prints."""
    source, binary = folder / "test.c", folder / f"test-{compiler}"
    source.write_text(code)
    command = [compiler, *STRICT, *flags, "-o", str(binary), str(source), "-lm"]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    return subprocess.run([binary], capture_output=True, text=True, timeout=60, check=True).stdout
