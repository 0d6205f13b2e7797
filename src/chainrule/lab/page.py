"""The files of the page, and what is put into it: the token, or that there is no server."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainrule.lab.words import Refused

STATIC = Path(__file__).with_name("static")
PAGE = "index.html"
DATA = "data"  # the folder of stored answers beside a static page
TOKEN_TAG = re.compile(r'<meta name="chainrule-token" content="[^"]*"\s*/?>')
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
HEAD_TAGS = (
    f'<meta name="chainrule-static" content="{DATA}">'
    """<meta http-equiv="Content-Security-Policy" content="default-src 'self'; base-uri 'none'">"""
)


def static_files(folder: Path) -> dict[str, bytes]:
    """Return what stands in each file of the page, by its name within the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in KINDS
    }


def with_token(page: str, token: str) -> str:
    """Return the page with the token of this start in its meta element."""
    return TOKEN_TAG.sub(f'<meta name="chainrule-token" content="{token}">', page, count=1)


def as_static(page: str) -> str:
    """Return the page with what says that no server stands behind it, in place of the token."""
    return TOKEN_TAG.sub(HEAD_TAGS, page, count=1)


def encoded(answer: Mapping[str, Any]) -> bytes:
    """Return an answer as compact JSON in UTF-8.

    Raises
    ------
    ChainruleError
        If it holds NaN or infinity: what was asked led there.
    """
    try:
        text = json.dumps(answer, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError as error:
        raise Refused("refused.finite") from error
    return text.encode()
