"""The families of errors: who catches what Python's own functions raise catches ours too."""

import errno

import pytest

from pyamlz import AmlzError, FileError, InputError, MissingExtraError
from pyamlz._lib.extras import imported, requirements
from pyamlz._lib.files import replace_file


def test_a_file_that_cannot_be_written_is_an_error_of_the_system_too(tmp_path) -> None:
    path = tmp_path / "nowhere" / "file"
    with pytest.raises(OSError, match=r"nowhere/file: the folder cannot be opened: No such file") as caught:
        replace_file(path, b"")
    assert isinstance(caught.value, (FileError, InputError))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, str(path))


def test_an_extra_that_is_missing_is_an_import_error_too() -> None:
    with pytest.raises(
        ImportError, match=r"no_such_module is missing or too old: pip install 'onnx>=[\d.]+'$"
    ) as caught:
        imported("no_such_module", "onnx")
    assert isinstance(caught.value, MissingExtraError)
    assert isinstance(caught.value, AmlzError)
    assert caught.value.name == "no_such_module"


def test_what_an_extra_asks_for_is_what_the_package_declares() -> None:
    assert requirements("sklearn") == ["scikit-learn>=1.6"]
    assert requirements("onnx") == ["onnx>=1.14"]
