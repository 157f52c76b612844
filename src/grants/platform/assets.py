"""Assets: one style sheet, one script and one icon, hashed by content and compressed once."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from grants.kernel.identity import Permission
from grants.settings import TOP

STATIC_DIR = Path(__file__).resolve().parents[1] / "static"
HTMX = TOP / "node_modules" / "htmx.org" / "dist" / "htmx.min.js"

_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True)
class Asset:
    """One file that browsers keep for good, since its address changes with its content."""

    name: str
    media_type: str
    body: bytes
    compressed: bytes
    digest: str

    @property
    def address(self) -> str:
        """Where it stands: /static/<digest>/<name>."""
        return f"/static/{self.digest}/{self.name}"


def _asset(name: str, media_type: str, text: str) -> Asset:
    body = text.encode()
    digest = hashlib.sha256(body).hexdigest()[:12]
    return Asset(name, media_type, body, gzip.compress(body, 9, mtime=0), digest)


def _style() -> str:
    """All style sheets: tokens first, print last, the others by name; comments left out."""
    paths = sorted((STATIC_DIR / "css").glob("*.css"))
    order = {"tokens": 0, "base": 1, "frame": 2, "print": 9}
    paths.sort(key=lambda path: order.get(path.stem, 5))
    text = "\n".join(path.read_text() for path in paths)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", text).strip() + "\n"


def _script() -> str:
    """htmx, then our own files by name, each in a scope of its own."""
    own = sorted((STATIC_DIR / "js").glob("*.js"))
    parts = [HTMX.read_text(), *(f"(()=>{{{path.read_text()}\n}})();" for path in own)]
    return "\n;".join(parts)


@cache
def all_assets() -> Mapping[str, Asset]:
    """Every asset by name; made once per process."""
    made = (
        _asset("app.css", "text/css", _style()),
        _asset("app.js", "text/javascript", _script()),
        _asset("icon.svg", "image/svg+xml", (STATIC_DIR / "icon.svg").read_text()),
    )
    return {asset.name: asset for asset in made}


def address(name: str) -> str:
    """The address of an asset for templates: asset("app.css")."""
    return all_assets()[name].address


@get(
    "/static/{digest:str}/{name:str}",
    permission=Permission.PUBLIC,
    include_in_schema=False,
    sync_to_thread=False,
)
def serve(
    request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """An asset for good when its digest is the present one; 404 for any other."""
    asset = all_assets().get(name)
    if asset is None or asset.digest != digest:
        raise NotFoundException()
    headers = {
        "Cache-Control": f"public, max-age={_YEAR_SECONDS}, immutable",
        "Vary": "Accept-Encoding",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.body, media_type=asset.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.compressed, media_type=asset.media_type, headers=headers)


ROUTES = [serve]

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


def security_headers() -> dict[str, str]:
    """Headers of every answer: nothing from elsewhere, nothing inline, never in a frame."""
    return {
        "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
