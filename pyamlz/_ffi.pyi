"""The compiled extension: `lib` has the functions and constants of amlz.h, `ffi` makes and reads C data."""

from typing import Any

ffi: Any
lib: Any
