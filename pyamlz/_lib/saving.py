"""What has a `save` method calls :func:`save`; how each type gets into a file is said where archives are made."""

from __future__ import annotations

import os
from functools import singledispatch


@singledispatch
def save(thing: object, path: str | os.PathLike[str], *details: object) -> None:
    """Writes a file, or replaces it as a whole; each type is registered where its archive is made."""
    raise TypeError(f"expected something that archives hold, got {type(thing).__name__}")
