"""Prints what programs that use this project build upon: functions, numbers and structs of the C headers, and options
of the command. tests/abi.txt keeps it, and a test compares:

python tests/tools/abi.py > tests/abi.txt
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ("libamlz/include/amlz.h", "archive/amlz_archive.h")


def _declarations(header: str) -> str:
    """Of a header, without comments, macros that are no numbers and what C++ needs."""
    code = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    code = re.sub(r'#ifdef __cplusplus\n(extern "C" \{|\})\n#endif', "", code)
    kept = [line for line in code.splitlines() if not re.match(r"\s*#", line)]
    return re.sub(r"\bAMLZ_API\b|\bAMLZ_ARCHIVE_API\b", "", "\n".join(kept))


def _numbers(header: str) -> dict[str, int]:
    found = re.findall(
        r"^#\s*define (AMLZ_\w+) (?:\(?UINT32_C\((\d+)\) << (\d+)\)?|(\d+))\s*(?:/\*.*)?$", header, re.MULTILINE
    )
    return {name: int(plain) if plain else int(base) << int(shift) for name, base, shift, plain in found}


def interface() -> Iterator[str]:
    """The lines, the version first. Sizes and places in structs are those of 64-bit machines."""
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in HEADERS]
    numbers = {name: number for text in texts for name, number in _numbers(text).items()}
    yield "version " + ".".join(str(numbers.pop(f"AMLZ_VERSION_{part}")) for part in ("MAJOR", "MINOR", "PATCH"))
    yield from (f"number {name} {number}" for name, number in sorted(numbers.items()))
    ffi = FFI()
    for text in texts:
        code = _declarations(text)
        for name, number in numbers.items():
            code = re.sub(rf"\b{name}\b", str(number), code)
        ffi.cdef(code)
        for prototype in sorted(re.findall(r"^\s*([^;{}]*?\bamlz_\w+\([^;{}]*\));", code, re.MULTILINE)):
            if not prototype.startswith("typedef"):
                yield "function " + re.sub(r"\s+", " ", prototype)
    for name in sorted(ffi.list_types()[0]):
        yield from _of_type(name, ffi.typeof(name))
    yield from _options()


def _of_type(name: str, of: FFI.CType) -> Iterator[str]:
    if of.kind == "enum":
        yield f"enum {name}: " + ", ".join(f"{word} {number}" for number, word in sorted(of.elements.items()))
    elif of.kind == "struct" and of.fields:
        size = FFI().sizeof(of)
        yield f"struct {name}: {size} bytes"
        yield from (f"member {name}.{member} at {field.offset}: {field.type.cname}" for member, field in of.fields)


def _options() -> Iterator[str]:
    from pyamlz._cli.main import _parser

    commands = next(action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    yield from sorted(_options_of("", commands))


def _options_of(before: str, commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[str]:
    for name, parser in commands.choices.items():
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from _options_of(f"{before}{name} ", action)
            else:
                yield f"option {before}{name} {'|'.join(action.option_strings) or action.dest}"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in interface())
