"""What the tests of the command share."""

from pathlib import Path

import pytest
from samples import QUICK


@pytest.fixture
def quick(tmp_path: Path) -> str:
    (tmp_path / "quick.toml").write_text(QUICK)
    return str(tmp_path / "quick.toml")
