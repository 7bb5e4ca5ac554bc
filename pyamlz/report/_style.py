"""How pages look."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { --page: #fbfbf9; --ink: #1c1e21; --faint: #8a8f98; --line: #d9dadd; --good: #1a7f37; --bad: #b42318;
  --accent: #1f77b4; }
@media (prefers-color-scheme: dark) {
  :root { --page: #16181b; --ink: #e4e6ea; --faint: #7d838c; --line: #353a40; --good: #57c878; --bad: #f2807a;
    --accent: #6cb3e8; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 1rem; }
h1 { margin: 0.5rem 0 0; }
h2 { margin: 2.5rem 0 0.5rem; border-bottom: 1px solid var(--line); }
dl { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; }
dt { color: var(--faint); font-size: 0.85rem; }
dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
figure { margin: 1.5rem 0; }
figure svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--faint); font-size: 0.9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--faint); font-weight: normal; }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
pre, code { font: 0.85rem/1.45 ui-monospace, monospace; }
pre { margin: 0; }
td code { overflow-wrap: anywhere; }
del { color: var(--bad); text-decoration: none; }
ins { color: var(--good); text-decoration: none; }
summary { cursor: pointer; color: var(--accent); }
.arcs text { font: 13px ui-monospace, monospace; fill: currentColor; }
.arcs .head { font-weight: bold; fill: var(--accent); }
.arcs path { fill: none; stroke: var(--accent); stroke-width: 1.3; opacity: 0.75; }
.arcs .kept { stroke: var(--faint); stroke-dasharray: 4 3; }
"""
