"""Checks that a built site loads nothing from another host: `python tests/docs/check_site.py site`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?P<src>(?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|preconnect|icon))[^>]*\bhref=["']?(?P<href>(?:https?:)?//[^"'\s>]+)"""
    r"""|(?:@import|url\()\s*["']?(?P<css>(?:https?:)?//[^"'\s)]+)""",
    re.IGNORECASE,
)


def remote_resources(site: Path) -> list[str]:
    """`PAGE: ADDRESS` of each script, style, font or picture that a page loads from another host."""
    pages = [path for path in sorted(site.rglob("*")) if path.suffix in (".html", ".css")]
    return [
        f"{path}: {found['src'] or found['href'] or found['css']}"
        for path in pages
        for found in LOADED.finditer(path.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Exits with 1 where there is no site, or a page of it loads something from another host."""
    site = Path(sys.argv[1])
    if not (site / "index.html").is_file():
        sys.exit(f"{site}: no site there; build it with: make docs")
    if remote := remote_resources(site):
        sys.exit("\n".join(remote))


if __name__ == "__main__":
    main()
