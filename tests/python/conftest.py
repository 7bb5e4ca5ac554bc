"""Fixtures that several test files use."""

import pytest

from pyamlz._cli import main as cli


@pytest.fixture
def amlz(capsys):
    """Runs the command in this process: exit code, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(arguments)
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
