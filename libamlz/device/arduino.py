"""Makes an Arduino library of libamlz and libamlz_archive, each in one file:

python3 libamlz/device/arduino.py FOLDER

The folder, to be put among the libraries of a sketchbook or zipped, becomes what the specification of Arduino libraries
(revision 1.5 and later) wants: library.properties, src/ and examples/.
"""

import shutil
import sys
from pathlib import Path

DEVICE = Path(__file__).resolve().parent
ROOT = DEVICE.parents[1]
sys.path.insert(0, str(DEVICE.parent))

import amalgamate  # noqa: E402

# An Arduino library is compiled without options of its own: its header asks for them.
ASKS_FOR_BUILD = '#ifndef AMLZ_BUILD\n#  define AMLZ_BUILD "amlz_build.h"\n#endif\n'


def main(folder: Path) -> None:
    """Writes the library; files of these names are replaced."""
    source = folder / "src"
    shutil.copytree(DEVICE / "arduino" / "examples", folder / "examples", dirs_exist_ok=True)
    amalgamate.main(source)
    header = source / "amlz.h"
    text = header.read_text(encoding="utf-8")
    guard = "#define AMLZ_H\n"
    assert text.count(guard) == 1
    header.write_text(text.replace(guard, f"{guard}\n{ASKS_FOR_BUILD}"), encoding="utf-8", newline="\n")
    shutil.copy(DEVICE / "arduino" / "amlz_build.h", source)
    shutil.copy(ROOT / "LICENSE", folder)
    properties = (DEVICE / "arduino" / "library.properties").read_text(encoding="utf-8")
    properties = properties.replace("@VERSION@", amalgamate.version())
    (folder / "library.properties").write_text(properties, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: arduino.py FOLDER")
    main(Path(sys.argv[1]))
