"""Changes the C sources one place at a time, and says which changes no unit test notices.

python tests/mutation/mutate.py                    the changes of changes.toml, which somebody thought of
python tests/mutation/mutate.py --drawn 100        that many drawn at random, of operators and small numbers
python tests/mutation/mutate.py --only WORD        those whose file or reason has the word

Exit status 1: under 90 % were noticed, or one that changes.toml does not explain was not. `make -C libamlz mutation`.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("libamlz/include", "libamlz/src", "archive", "tests/c")
INCLUDES = ("-Ilibamlz/include", "-Ilibamlz/src", "-Iarchive", "-Itests/c")
FLAGS = ("-std=c99", "-O1", "-ffp-contract=off", "-fno-math-errno", "-w", "-pthread")
LEAST = 0.9  # of the changes must be noticed
PATIENCE = 60, 30  # a test that takes so many seconds, and so many times as long as without a change, has noticed

# Where changes are drawn: what decides, not what computes, which is compared with other implementations bit for bit.
DRAWN_FROM = (
    "libamlz/src/base/check.c", "libamlz/src/program/liveness.c", "libamlz/src/program/plan.c",
    "libamlz/src/search/*.c", "archive/*.c",
)  # fmt: skip
SWAPS = {
    " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " == ": " != ", " != ": " == ", " && ": " || ",
    " || ": " && ", " + 1": "", " - 1": "", "++": "--", " + ": " - ", " = 0;": " = 1;", "return 0;": "return 1;",
    "return 1;": "return 0;", "if (": "if (!", " * ": " + ",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One place in one file.

    Attributes:
        file: from the root.
        old, new: what stands there, once, and what instead.
        why: what would be wrong.
        survives: why no test can notice it; "" if one must.
    """

    file: str
    old: str
    new: str
    why: str = ""
    survives: str = ""


def written() -> list[Change]:
    """Those of changes.toml."""
    return [
        Change(**change) for change in tomllib.loads((Path(__file__).parent / "changes.toml").read_text())["change"]
    ]


def drawn(count: int, seed: int) -> Iterator[Change]:
    """So many that are drawn: a line with an operator changed."""
    places = []
    for path in (path for pattern in DRAWN_FROM for path in sorted(ROOT.glob(pattern))):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for i, line in enumerate(lines):
            code = line.partition("/*")[0]
            if not line.startswith(("#", "static const", " *", "/*")) and "static" not in code:
                places += [(path, lines, i, at, old) for old in SWAPS for at in _found(old, code)]
    for path, lines, i, at, old in random.Random(seed).sample(places, count):
        whole, changed = "".join(lines), lines[i][:at] + SWAPS[old] + lines[i][at + len(old) :]
        name = str(path.relative_to(ROOT))
        yield Change(name, whole, "".join((*lines[:i], changed, *lines[i + 1 :])), f"line {i + 1}: {changed.strip()}")


def _found(text: str, line: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(text), line)]


class Bench:
    """A copy of the sources with their tests, compiled; each change is made there and taken back."""

    def __init__(self, folder: Path, compiler: str) -> None:
        self._folder, self._compiler = folder, compiler
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part)
        shutil.copytree(ROOT / "tests/fuzz", folder / "tests/fuzz")
        self._library = sorted([*(folder / "libamlz/src").glob("*/*.c"), *(folder / "archive").glob("*.c")])
        self._tests = sorted((folder / "tests/c").glob("test_*.c"))
        self._needs = {source: self._headers(source) for source in (*self._library, *self._tests)}
        for source in self._needs:
            if not self._compile(source):
                sys.exit(f"{source} does not compile")
        self._seconds: dict[Path, float] = {}
        for test in self._tests:
            begin = time.monotonic()
            if not self._passes(test):
                sys.exit(f"{test.stem} fails without any change")
            self._seconds[test] = time.monotonic() - begin

    def noticed_by(self, change: Change) -> str:
        """The test that fails, "the compiler", or "" for none."""
        path = self._folder / change.file
        text = path.read_text(encoding="utf-8")
        if text.count(change.old) != 1:
            sys.exit(f"{change.file}: not once there: {change.old!r}")
        path.write_text(text.replace(change.old, change.new), encoding="utf-8")
        again = [source for source, needs in self._needs.items() if path in needs]
        try:
            if not all(self._compile(source) for source in again):
                return "the compiler"
            return next((test.stem for test in self._in_turn(path) if not self._passes(test)), "")
        finally:
            path.write_text(text, encoding="utf-8")
            for source in again:
                self._compile(source)

    def _in_turn(self, changed: Path) -> list[Path]:
        """The tests, those that are named after the file or its room first, then the quickest."""
        words = {changed.stem, changed.parent.name}
        return sorted(self._tests, key=lambda test: (not any(word in test.stem for word in words), self._seconds[test]))

    def _headers(self, source: Path) -> set[Path]:
        listed = self._run("-MM", source).stdout.replace("\\\n", " ").split()[1:]
        return {(self._folder / name).resolve() for name in listed}

    def _compile(self, source: Path) -> bool:
        return self._run("-c", "-o", source.with_suffix(".o"), source).returncode == 0

    def _passes(self, test: Path) -> bool:
        program = self._folder / test.stem
        objects = [source.with_suffix(".o") for source in (test, *self._library)]
        if self._run("-o", program, *objects, "-lm").returncode != 0:
            return False
        patience = max(PATIENCE[0], PATIENCE[1] * self._seconds[test]) if test in self._seconds else None
        try:
            done = subprocess.run(
                [program], capture_output=True, timeout=patience, check=False, cwd=self._folder / "libamlz"
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def _run(self, *words: object) -> subprocess.CompletedProcess[str]:
        command = [self._compiler, *FLAGS, *INCLUDES, *map(str, words)]
        return subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawn", type=int, metavar="N", help="draw so many changes")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--only", default="", metavar="WORD", help="changes with this word")
    parser.add_argument("--cc", default="cc", help="the compiler")
    options = parser.parse_args()
    changes = list(drawn(options.drawn, options.seed)) if options.drawn else written()
    changes = [change for change in changes if options.only in change.file or options.only in change.why]
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder).resolve(), options.cc)
        for change in changes:
            by = bench.noticed_by(change)
            print(f"{by or 'NOBODY':22}  {change.file}: {change.why}", flush=True)
            survivors += [] if by else [change]
    print(f"{len(changes) - len(survivors)} of {len(changes)} noticed")
    for change in survivors:
        print(f"not noticed: {change.file}: {change.why}. {change.survives or 'Not explained.'}")
    unexplained = [change for change in survivors if not change.survives]
    return len(survivors) > (1 - LEAST) * len(changes) or (bool(unexplained) and not options.drawn)


if __name__ == "__main__":
    sys.exit(main())
