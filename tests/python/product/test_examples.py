"""Examples in docstrings do what they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import pyamlz

MODULES = sorted(m.name for m in pkgutil.walk_packages(pyamlz.__path__, "pyamlz.") if not m.name.endswith("__main__"))


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"needs {error.name}")
    assert doctest.testmod(module).failed == 0
