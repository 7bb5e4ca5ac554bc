"""Programs as source code: learners that go on learning where they are deployed."""

from __future__ import annotations

from pyamlz.export.c import to_c

