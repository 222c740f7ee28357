"""Writes the generated parts of the docs, or says which are not what the code gives.

A part stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`; NAME is a function of `blocks.py`. Run as
`python tests/docs/pages.py` to rewrite the pages, with `--check` to look only.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from blocks import BLOCKS

DOCS = Path(__file__).parents[2] / "docs"
PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)


def generated(page: str) -> str:
    """A page with each of its generated parts as the code gives it now."""
    return PART.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n\n{found[3]}", page)


def main() -> None:
    """Rewrites the pages; with --check exits with 1 where one is not what the code gives."""
    stale = []
    for path in sorted(DOCS.rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        fresh = generated(page)
        if fresh != page:
            stale.append(path.relative_to(DOCS.parent).as_posix())
            if "--check" not in sys.argv:
                path.write_text(fresh, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.exit(f"not what the code gives: {', '.join(stale)}; rewrite them with: make docs-pages")
    sys.stdout.write("".join(f"rewrote {name}\n" for name in stale))


if __name__ == "__main__":
    main()
