"""Tables as TOML text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dump_toml(table: Mapping[str, Any], prefix: str = "") -> str:
    """A table as TOML text: numbers, strings, lists and tables. Tables without a string or list in them are inline."""
    lines, sections = [], []
    for key, value in table.items():
        if isinstance(value, Mapping) and not all(isinstance(v, (int, float)) for v in value.values()):
            sections.append(f"\n[{prefix}{key}]\n" + dump_toml(value, f"{prefix}{key}."))
        elif isinstance(value, Mapping) and prefix:
            sections.append(f"\n[{prefix}{key}]\n" + dump_toml(value))
        else:
            lines.append(f"{key} = {toml_value(value)}\n")
    return "".join([*lines, *sections])


def toml_value(value: Any) -> str:
    """A value as TOML text in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(inner) for inner in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
