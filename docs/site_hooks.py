"""What happens besides when mkdocs makes the site (mkdocs.yml): pages and files from outside docs/ are taken in."""

import os
import re
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
#: Pages from outside docs/, by their place in the site.
TAKEN_IN = {
    "project/FORMAT.md": ROOT / "archive" / "FORMAT.md",
    "project/CHANGELOG.md": ROOT / "CHANGELOG.md",
    "project/CONTRIBUTING.md": ROOT / "CONTRIBUTING.md",
}
#: Headers have a page of their own.
INSTEAD = dict.fromkeys(("libamlz/include/amlz.h", "archive/amlz_archive.h"), "reference/c.md")

LINK = re.compile(r"(\]\()([^)\s#:]+)((?:#[^)\s]*)?\))")
CODE = re.compile(r"`[^`\n]+`")  # GitHub wants backslashes there, in tables
ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):(?=`)")  # before a reference in a docstring
EXAMPLE = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)  # in a docstring, up to an empty line


def on_config(config: MkDocsConfig) -> None:
    """Leaves out of the navigation what is not there."""
    config.nav = there(config.nav)


def there(entry: Any) -> Any:
    """An entry of the navigation without the pages that do not exist; None if nothing is left."""
    if isinstance(entry, str):
        return entry if entry in TAKEN_IN or (DOCS / entry).exists() else None
    if isinstance(entry, dict):
        return {title: left for title, inner in entry.items() if (left := there(inner))} or None
    return [left for inner in entry if (left := there(inner))]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Adds the pages of TAKEN_IN, and the files that any page links to, as they are."""
    for place, path in TAKEN_IN.items():
        files.append(File.generated(config, place, abs_src_path=str(path)))
    for file in [file for file in files if file.is_documentation_page()]:
        source = source_of(file)
        for _, target, _ in LINK.findall(source.read_text("utf-8")):
            path = (source.parent / target).resolve()
            place = place_of(path)
            if path.is_file() and place.startswith("files/") and files.get_file_from_path(place) is None:
                files.append(File.generated(config, place, abs_src_path=str(path)))


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Points links to where their targets are in the site, and takes the backslashes before bars out of code."""
    source, folder = source_of(page.file), os.path.dirname(page.file.src_uri)

    def pointed(link: re.Match[str]) -> str:
        path = (source.parent / link[2]).resolve()
        return f"{link[1]}{os.path.relpath(place_of(path), folder)}{link[3]}" if path.is_file() else link[0]

    return CODE.sub(lambda code: code[0].replace("\\|", "|"), LINK.sub(pointed, markdown))


class Docstrings(griffe.Extension):
    """Makes Markdown of docstrings, and leaves out special methods that have none, such as __len__."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = EXAMPLE.sub(r"```pycon\n\g<0>\n```", ROLE.sub("", obj.docstring.value))

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        for name in [name for name in cls.members if name.startswith("__") and name != "__init__"]:
            if cls.members[name].docstring is None:
                del cls.members[name]


def source_of(file: File) -> Path:
    return TAKEN_IN.get(file.src_uri, DOCS / file.src_uri)


def place_of(path: Path) -> str:
    """Where a file of the project is in the site."""
    for place, taken_in in TAKEN_IN.items():
        if path == taken_in:
            return place
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    name = path.relative_to(ROOT).as_posix()
    return INSTEAD.get(name, f"files/{name}")
