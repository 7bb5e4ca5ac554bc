"""`python -m pyamlz`, the same as the command `pyamlz`."""

import sys

from pyamlz.cli import main

sys.exit(main())
