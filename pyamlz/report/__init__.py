"""Reports of runs: one page that opens anywhere, offline."""

from __future__ import annotations

from pyamlz.report.page import report

__all__ = ["report"]
