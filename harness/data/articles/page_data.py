"""Reads what a web page says of itself: its language, and the text of its article in JSON-LD."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
"""Well-formed language tag, such as `de`, `pt-BR` or `zh-Hant-TW`."""
_MAX_DEPTH = 40
"""Levels of a JSON-LD block that are searched."""


def json_ld(tree: Any) -> list[dict[str, Any]]:
    """Returns the objects of all JSON-LD blocks of a page, nested ones too, in order; skips blocks that are not JSON.

    Args:
        tree: root of the page.
    """
    objects = list[dict[str, Any]]()
    for script in tree.iter("script"):
        if (script.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json":
            try:
                # Pages put raw line breaks into strings, which strict=False allows.
                content = json.loads((script.text or "").strip().removesuffix(";"), strict=False)
            except (ValueError, RecursionError):
                continue
            objects += _objects(content, 0)
    return objects


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner, depth + 1)


def declared_language(tree: Any, objects: list[dict[str, Any]]) -> str | None:
    """Returns the language that a page declares: `<html lang>`, `inLanguage` of JSON-LD, `og:locale`; else None.

    Args:
        tree: root of the page.
        objects: objects of its JSON-LD.
    """
    candidates: list[object] = [tree.get("lang"), tree.get("xml:lang")]
    candidates += [entry.get("inLanguage") for entry in _articles_first(objects)]
    for meta in tree.iter("meta"):
        if (meta.get("property") or meta.get("name") or "").lower() == "og:locale":
            candidates.append(meta.get("content"))
        if (meta.get("http-equiv") or "").lower() == "content-language":
            candidates.append(meta.get("content"))
    return next(filter(None, map(_language_tag, candidates)), None)


def _articles_first(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A page may hold the site's and other pages' data too: what has an article's text or headline comes first."""
    return sorted(objects, key=lambda entry: not ({"articleBody", "headline"} & entry.keys()))


def _language_tag(value: object) -> str | None:
    """The tag of a declared language, of which pages give `de_DE`, `["de"]` and `{"alternateName": "de"}` as well."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("alternateName") or value.get("@id") or value.get("name")
    tag = value.strip().replace("_", "-") if isinstance(value, str) else ""
    if not _TAG.fullmatch(tag) or tag.lower() in ("und", "zxx", "mul"):
        return None
    primary, *rest = tag.split("-")
    return "-".join([primary.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def article_object(objects: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns the object with the longest `articleBody` of a page; None without one.

    Args:
        objects: objects of its JSON-LD.
    """
    with_body = [entry for entry in objects if isinstance(entry.get("articleBody"), str)]
    return max(with_body, key=lambda entry: len(entry["articleBody"]), default=None)


def body_paragraphs(body: str) -> list[str]:
    """Returns the paragraphs of an `articleBody`, in which pages write plain text, entities or HTML.

    Args:
        body: the value of the key.
    """
    import trafilatura

    if re.search(r"</?[a-zA-Z][^<>]*>", body):
        body = re.sub(r"(?i)<(?:/?(?:p|div|li|ul|ol|h[1-6]|blockquote|tr)\b[^<>]*|br\s*/?)>", "\n", body)
        tree = trafilatura.load_html(f"<html><body><div>{body}</div></body></html>")
        body = re.sub(r"<[^<>]*>", "", body) if tree is None else tree.text_content()
    lines = (" ".join(line.split()) for line in html.unescape(body).splitlines())
    return [line for line in lines if line]
