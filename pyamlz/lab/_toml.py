"""Tables as TOML text, and text as tables."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from pyamlz._lib.errors import InputError

_toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


def load_toml(text: str, name: str) -> dict[str, Any]:
    """The table that a TOML text has.

    Raises:
        InputError: it is none; the message starts with `name`.
    """
    try:
        table: dict[str, Any] = _toml.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: not TOML: {error}") from None
    return table


def tables_of(texts: Iterable[str]) -> dict[str, Any]:
    """Tables in tables of what people type, as "tasks.n_tasks=4": a dotted key, and a value as in TOML or a bare word.

    Raises:
        InputError: a text is none of these.
    """
    tables: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        path = [part.strip() for part in key.split(".")]
        if not equals or not all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in path):
            raise InputError(f"--set: expected key=value, got {text!r}")
        table = tables
        for part in path[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise InputError(f"{key}: {part} is not a table")
        table[path[-1]] = _value(key, value)
    return tables


def _value(key: str, text: str) -> object:
    if re.fullmatch(r"[A-Za-z_./~][\w./~-]*", text) and text not in ("true", "false", "inf", "nan"):
        return text
    try:
        parsed = _toml.loads(f"value = {text}")
    except (ValueError, RecursionError):
        parsed = {}
    if list(parsed) != ["value"]:
        raise InputError(f"{key}: expected a value as in TOML, got {text!r}")
    return parsed["value"]


def dump_toml(table: Mapping[str, Any], prefix: str = "") -> str:
    """A table as TOML text: numbers, strings, lists and tables. Tables without a string or list in them are inline."""
    lines, sections = [], []
    for key, value in table.items():
        if isinstance(value, Mapping) and not all(isinstance(v, (int, float)) for v in value.values()):
            sections.append(f"\n[{prefix}{key}]\n" + dump_toml(value, f"{prefix}{key}."))
        elif isinstance(value, Mapping) and prefix:
            sections.append(f"\n[{prefix}{key}]\n" + dump_toml(value))
        else:
            lines.append(f"{key} = {_toml_value(value)}\n")
    return "".join([*lines, *sections])


def _toml_value(value: Any) -> str:
    """A value as TOML text in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml_value(inner) for inner in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
