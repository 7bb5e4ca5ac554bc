"""Reports of runs: one page that opens anywhere, offline."""

from __future__ import annotations

from pyamlz.report._page import report

__all__ = ["report"]
