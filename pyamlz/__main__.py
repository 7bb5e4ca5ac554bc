"""`python -m pyamlz`, the same as the command `pyamlz`."""

import sys

from pyamlz._cli.main import main

sys.exit(main())
