"""Downloads a publisher's file: resumes an interrupted download, and moves only a complete file to its path."""

from __future__ import annotations

import http.client
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from email.message import Message
from pathlib import Path

from harness.errors import HarnessError
from harness.files import explain_os_error, make_folder, translate_os_errors
from harness.progress import Progress, silent

CHUNK_BYTES = 1 << 16
ATTEMPTS = 4
TIMEOUT_S = 30
MAX_BYTES = 2 << 30
"""Size limit of a file, over all attempts: protects the disk from an endless response."""
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
"""The header of a partial response: first byte, last byte, and length of the whole file (`*`: unknown)."""


class _WrongRange(http.client.HTTPException):
    """The server sent another part of the file than the one that was asked for."""


def host_of(address: str) -> str:
    """The host of a URL."""
    return urllib.parse.urlsplit(address).hostname or address


def download(address: str, path: Path, *, pause_s: float = 1.0, progress: Progress = silent) -> None:
    """Download a file; an earlier incomplete download in `NAME.part` is resumed.

    Args:
        address: an http or https URL.
        path: the path of the downloaded file; its folder is created.
        pause_s: pause before the second attempt, in seconds; doubled before each further attempt.
        progress: shows progress over the bytes of each attempt.
    Raises: HarnessError: the host refuses, or all attempts fail; the bytes received so far are saved for the next call.
    """
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        raise HarnessError(f"{address}: only http and https URLs can be downloaded")
    make_folder(path.parent)
    part = path.with_name(path.name + ".part")
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            _resume(address, part, progress)
            with translate_os_errors(path):
                part.replace(path)
            return
        except urllib.error.HTTPError as error:
            # 416 (range not satisfiable): the partial file is longer than the publisher's, so it is another version.
            if error.code == 416:
                part.unlink(missing_ok=True)
            # Timeouts (408), rate limits (429) and server errors may pass; other refusals will not.
            elif error.code < 500 and error.code not in (408, 429):
                raise HarnessError(
                    f"{address}: the server responded {error.code} ({error.reason}); the file may have moved. "
                    "Download it by hand, then run: harness fetch NAME --from FOLDER"
                ) from None
            reason = f"the server responded {error.code} ({error.reason})"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        except OSError as error:
            raise HarnessError(
                f"{path}: cannot be written: {explain_os_error(OSError(error.errno, error.strerror))}"
            ) from None
    n_saved = part.stat().st_size if part.exists() else 0
    raise HarnessError(
        f"{address}: download failed after {ATTEMPTS} attempts: {reason}. {n_saved:,} bytes are saved; run the same "
        "command again to resume. Or download the file by hand, then run: harness fetch NAME --from FOLDER"
    )


def _resume(address: str, part: Path, progress: Progress) -> None:
    """Make one attempt, and append to the partial file if the server supports it.

    Raises: http.client.IncompleteRead: the response ended before its declared length. _WrongRange: the response is
        another part of the file; the partial file is deleted, so that the next attempt starts over. HarnessError: the
        file is too large; the partial file is deleted.
    """
    n_saved = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"User-Agent": "claim-harness"})  # noqa: S310 - checked above
    if n_saved:
        request.add_header("Range", f"bytes={n_saved}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
        # 206 (partial content): the rest of the file follows. A server that ignores Range sends the whole file.
        is_resumed = response.status == 206
        size = _whole_size(response.headers, n_saved, part) if is_resumed else response.headers.get("Content-Length")
        n_bytes = n_saved if is_resumed else 0
        total = None if size is None else int(size) - n_bytes
        with part.open("ab" if is_resumed else "wb") as stream, progress(total) as advance:
            # A declared size over the limit is refused before a byte is written.
            while max(n_bytes, int(size or 0)) <= MAX_BYTES and (chunk := response.read(CHUNK_BYTES)):
                stream.write(chunk)
                n_bytes += len(chunk)
                advance(part.stem, len(chunk))
            stream.flush()
            os.fsync(stream.fileno())
        if max(n_bytes, int(size or 0)) > MAX_BYTES:
            part.unlink()
            raise HarnessError(f"{address}: the file is larger than the limit of {MAX_BYTES:,} bytes")
        # Reading ends silently if the connection closes early.
        if size is not None and n_bytes < int(size):
            raise http.client.IncompleteRead(b"", int(size) - n_bytes)


def _whole_size(headers: Message, n_saved: int, part: Path) -> str | None:
    """The size of the whole file, from the headers of a partial response; None if they do not say.

    Raises: _WrongRange: the response does not begin where the partial file ends, or does not say where it begins.
    """
    content_range = headers.get("Content-Range", "")
    match = CONTENT_RANGE.fullmatch(content_range.strip())
    if match is None or int(match[1]) != n_saved:
        part.unlink(missing_ok=True)
        raise _WrongRange(f"asked for the bytes from {n_saved:,} on, the server sent '{content_range or 'no range'}'")
    if match[2] != "*":
        return match[2]
    length = headers.get("Content-Length")
    return None if length is None else str(n_saved + int(length))
