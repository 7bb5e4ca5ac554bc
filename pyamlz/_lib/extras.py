"""Packages that are extras: imported where they are needed, and what to install is said where they are missing."""

from __future__ import annotations

import importlib
import re
from typing import Any

from pyamlz._lib.errors import MissingExtraError


def imported(module: str, extra: str) -> Any:
    """A module of a package that one of the package's extras brings.

    Args:
        module: its name.
        extra: the extra, as in pyproject.toml.

    Raises:
        MissingExtraError: it cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing(error, extra) from None


def missing(error: ImportError, extra: str) -> MissingExtraError:
    """What to raise where importing something of an extra failed.

    The command names the packages themselves, so that it works however pyamlz was installed.
    """
    needed = " ".join(f"'{requirement}'" for requirement in requirements(extra))
    package = str(error.name or error).partition(".")[0]
    return MissingExtraError(f"{package} is missing or too old: pip install {needed}", name=error.name)


def requirements(extra: str) -> list[str]:
    """What an extra asks for, such as "matplotlib>=3.7"."""
    import importlib.metadata  # here, as it loads half as much as all of pyamlz

    try:
        declared = importlib.metadata.requires("pyamlz") or []
    except importlib.metadata.PackageNotFoundError:  # used from a folder
        return [f"pyamlz[{extra}]"]
    pattern = re.compile(rf"""([^;]+?)\s*;\s*extra\s*==\s*['"]{re.escape(extra)}['"]""")
    return [match[1] for text in declared if (match := pattern.fullmatch(text))]
