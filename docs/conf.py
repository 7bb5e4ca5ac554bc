"""The documentation as a site, by Sphinx: make docs.

Its source is the whole folder of the project, so that links between files hold as they are written. The pages are plain
Markdown; what a site needs besides is added here: the navigation, and what a block `{room}` of the Python reference
stands for.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from urllib.parse import urljoin

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.pycode import ModuleAnalyzer

import pyamlz

NAVIGATION = {
    "Use": ["tutorial", "own-data", "scikit-learn", "archives", "export", "interpretation", "faq"],
    "Searching": ["search", "ray", "tasks", "selection", "studies", "RESULTS"],
    "In C": ["c-library", "microcontroller", "reliability"],
    "Reference": [
        "reference/cli", "reference/presets", "reference/python", "reference/c", "ops", "semantics", "/archive/FORMAT",
    ],
    "Project": ["/CHANGELOG", "/CONTRIBUTING", "adding", "/SECURITY", "README"],
}  # fmt: skip

project = "pyamlz"
version = release = pyamlz.__version__
root_doc = "README"
include_patterns = ["*.md", "archive/*.md", "docs/**.md"]
exclude_patterns = [".*", "build", "libamlz", "pyamlz", "tests"]  # not looked into
smartquotes_action = "D"  # dashes; quotes are often code
highlight_language = "none"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]

html_theme = "furo"
html_title = "pyamlz"
html_copy_source = False
html_show_search_summary = False  # which would be fetched, and from files nothing can be
html_show_copyright = False
html_domain_indices = False

myst_heading_anchors = 4
default_role = "py:obj"  # `Search` in a docstring is a link
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_class_signature = "mixed"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
maximum_signature_line_length = 88
copybutton_exclude = ".linenos, .gp, .go"

ROOM = re.compile(r"^```\{room\} (\S+)\n```$", re.MULTILINE)
GOOGLE = Config(napoleon_custom_sections=[("Attributes", "params_style")])
KINDS = ["class", "exception", "function", "data"]  # in this order on a page


def setup(app: Sphinx) -> None:
    app.connect("source-read", add_to_page)
    app.connect("autodoc-process-docstring", as_rst)
    app.connect("autodoc-skip-member", not_ours)
    app.connect("build-finished", write_index)


def add_to_page(_: Sphinx, name: str, source: list[str]) -> None:
    """What only the site has: the navigation, and the Python reference."""
    text = ROOM.sub(lambda block: documented(block[1]), source[0])
    if name == root_doc:
        for caption, pages in NAVIGATION.items():
            text += toctree(f":caption: {caption}", [urljoin("/docs/", page) for page in pages])
    elif name == "docs/reference/python":
        text += toctree(":titlesonly:", re.findall(r"\((python/\w+)\.md\)", text))
    source[0] = text


def toctree(option: str, pages: list[str]) -> str:
    return "\n".join(["", "```{toctree}", ":hidden:", option, "", *pages, "```", ""])


def documented(module_name: str) -> str:
    """A module's docstring and its public names, each by the one address that it is to be known by."""
    names = importlib.import_module(module_name).__all__
    lines = [f".. automodule:: {module_name}", "   :no-members:", ""]
    for kind in KINDS:
        for name in names:
            thing = getattr(sys.modules[module_name], name)
            if kind_of(thing) == kind and place_of(name, thing) == module_name:
                home = "pyamlz" if name in pyamlz.__all__ and getattr(pyamlz, name) is thing else module_name
                lines += [f".. auto{kind}:: {home}.{name}", ""]
    return "\n".join(["```{eval-rst}", *lines, "```"])


def place_of(name: str, thing: object) -> str:
    """The module under which a public name stands: where it is made, or nearest to that; pyamlz if it is in no room."""
    made = f"{getattr(thing, '__module__', '')}."
    public = map(importlib.import_module, modules())
    having = [m.__name__ for m in public if name in m.__all__ and getattr(m, name) is thing]
    return max(having, key=lambda module: len(module) * made.startswith(f"{module}."), default="pyamlz")


def modules() -> list[str]:
    """The public modules, without pyamlz itself."""
    found = pkgutil.walk_packages(pyamlz.__path__, "pyamlz.")
    return [module.name for module in found if "._" not in module.name]


def kind_of(thing: object) -> str | None:
    """How Sphinx calls what is documented; None for modules, which stand for themselves."""
    if inspect.ismodule(thing):
        return None
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, Exception) else "class"
    return "function" if inspect.isfunction(thing) else "data"


def as_rst(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Google's sections as Sphinx wants them. Data have a comment instead, where they are made."""
    if what == "data":
        home, _, name = name.rpartition(".")
        lines[:] = []
        for module in [module for module in sys.modules if f"{module}.".startswith(f"{home}.")]:
            if not module.startswith("pyamlz._ffi"):  # which is compiled
                lines[:] = lines or ModuleAnalyzer.for_module(module).find_attr_docs().get(("", name), [])
    lines[:] = GoogleDocstring(lines, GOOGLE).lines()


def not_ours(app: Sphinx, what: str, name: str, member: object, *rest: object) -> bool | None:
    """Leaves out what other packages put into a class, such as the getters of a NamedTuple; None leaves the choice."""
    of_tuple = type(member).__name__ == "_tuplegetter"
    return True if of_tuple or not getattr(member, "__module__", "pyamlz").startswith("pyamlz") else None


def write_index(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        there = f'<meta http-equiv="refresh" content="0; url={root_doc}.html">'
        Path(app.outdir, "index.html").write_text(f"<!doctype html>\n<title>{project}</title>\n{there}\n", "utf-8")
