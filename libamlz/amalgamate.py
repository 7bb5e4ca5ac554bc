"""Writes each of the two libraries as one C file and its header: amlz.c and amlz.h, amlz_archive.c and amlz_archive.h.

    python3 libamlz/amalgamate.py FOLDER

What is compiled is what the separate files hold, word for word, but that includes of the library's own headers are
replaced by what they name. The template of the kernels, which is compiled many times, is there once: amlz.c includes
itself for it.
"""

import re
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent
ARCHIVE = LIBRARY.parent / "archive"
HEADERS = {path.name: path for path in (LIBRARY / "include" / "amlz.h", ARCHIVE / "amlz_archive.h")}

INCLUDE = re.compile(r'#\s*include "([^"]+)"')
CONDITION = re.compile(r"#\s*(if|ifdef|ifndef|endif)\b")
GUARD = re.compile(r"^#ifndef (\w+_H)\n#define \1\n", re.MULTILINE)

TEMPLATE = "kernels/kernel_template.h"


class Amalgamation:
    """Files after each other, in which includes are replaced by what they name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.depth = 0  # of conditions
        self.known: set[str] = set()  # headers that stand above under no condition: once is enough

    def add(self, name: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        self.remember(name, GUARD.search(text) is not None)
        self.lines.append(f"/* -------- {name} */")
        for line in text.splitlines():
            if condition := CONDITION.match(line):
                self.depth += -1 if condition[1] == "endif" else 1
            included = INCLUDE.match(line)
            if included is None:
                self.lines.append(line)
            elif included[1] not in self.known:
                self.include(included[1], line)
        self.lines.append(f"/* -------- end of {name} */")

    def include(self, name: str, line: str) -> None:
        if name in HEADERS:
            self.lines.append(line)
            self.remember(name, True)
        elif name == TEMPLATE:
            self.lines += ["#define AMLZ_TEMPLATE", '#include "amlz.c"', "#undef AMLZ_TEMPLATE"]
        else:
            self.add(name)

    def remember(self, name: str, has_guard: bool) -> None:
        if has_guard and self.depth == 0:
            self.known.add(name)


def of_library() -> list[str]:
    template, rest = Amalgamation(LIBRARY / "src"), Amalgamation(LIBRARY / "src")
    template.add(TEMPLATE)
    for path in sorted((LIBRARY / "src").glob("*/*.c")):
        rest.add(f"{path.parent.name}/{path.name}")
    return ["#ifdef AMLZ_TEMPLATE", *template.lines, "#else", *rest.lines, "#endif"]


def of_archive() -> list[str]:
    """What asks the system for POSIX comes before all headers; what includes a header that defines a lot comes last."""
    whole = Amalgamation(ARCHIVE)
    names = sorted(path.name for path in ARCHIVE.glob("*.c"))
    for name in sorted(names, key=lambda name: (name != "file_posix.c", name == "file_windows.c")):
        whole.add(name)
    return whole.lines


def version() -> str:
    numbers = re.findall(
        r"^#define AMLZ_VERSION_\w+ (\d+)$", HEADERS["amlz.h"].read_text(encoding="utf-8"), re.MULTILINE
    )
    return ".".join(numbers)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("amlz", of_library()), ("amlz_archive", of_archive())):
        about = (f"/* lib{name} {version()} in one file, to be compiled along; {name}.h tells what is in it.",)
        text = "\n".join([*about, " * SPDX-License-Identifier: Apache-2.0 */", *lines, ""])
        (folder / f"{name}.c").write_text(text, encoding="utf-8", newline="\n")
        header = HEADERS[f"{name}.h"]
        (folder / header.name).write_bytes(header.read_bytes())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: amalgamate.py FOLDER")
    main(Path(sys.argv[1]))
