"""Which library this is: version, compiler, kernels."""

from __future__ import annotations

from pyamlz._ffi import lib
from pyamlz._lib.native import VARIANTS, name_of, text

VERSION: str = text(lib.amlz_version())  #: of library and package; it stands in `amlz.h`
COMPILER: str = text(lib.amlz_compiler())  #: what the library was compiled by
KERNELS: str = name_of(lib.amlz_variant_best(), VARIANTS)  #: what "auto" takes on this CPU
