"""What pyproject.toml cannot say: the extension, and that one wheel serves every CPython from 3.10 on."""

import platform
import sysconfig

from setuptools import setup

stable_abi = platform.python_implementation() == "CPython" and not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    cffi_modules=["libamlz/python/ffi_build.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if stable_abi else {},
)
