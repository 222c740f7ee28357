"""Brings a publisher's file over the network: resumed where it was cut, whole or not at all."""

from __future__ import annotations

import http.client
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from harness.errors import HarnessError
from harness.files import explain_os_error, make_folder, translate_os_errors

CHUNK = 1 << 16
ATTEMPTS = 4
TIMEOUT_S = 30
MAX_BYTES = 2 << 30


def host_of(address: str) -> str:
    """The host that an address names."""
    return urllib.parse.urlsplit(address).hostname or address


def download(address: str, path: Path, *, pause_s: float = 1.0) -> None:
    """Brings a file to a path; a part of it that is there as `NAME.part` is gone on from.

    Args:
        address: http or https.
        path: where it goes; the folder is created.
        pause_s: wait before the second attempt, doubled before each further one.
    Raises: HarnessError: the host does not answer, refuses, or breaks off four times; what came is kept for the
        next call.
    """
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        raise HarnessError(f"{address}: only http and https addresses are fetched")
    make_folder(path.parent)
    part = path.with_name(path.name + ".part")
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            _continue(address, part)
            with translate_os_errors(path):
                part.replace(path)
            return
        except urllib.error.HTTPError as error:
            if error.code == 416:  # what is there is no beginning of the publisher's file
                part.unlink(missing_ok=True)
            elif error.code < 500 and error.code not in (408, 429):
                message = f"{address}: the publisher answers {error.code} ({error.reason}); it may have moved"
                raise HarnessError(f"{message}. Get the file by hand, then: harness fetch NAME --from FOLDER") from None
            why = f"answers {error.code} ({error.reason})"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            why = str(getattr(error, "reason", error)) or type(error).__name__
        except OSError as error:
            raise HarnessError(
                f"{path}: cannot be written: {explain_os_error(OSError(error.errno, error.strerror))}"
            ) from None
    kept = part.stat().st_size if part.exists() else 0
    raise HarnessError(
        f"{address}: could not be brought in {ATTEMPTS} attempts: {why}. {kept:,} bytes are kept; the same command "
        "goes on from there. Or get the file by hand, then: harness fetch NAME --from FOLDER"
    )


def _continue(address: str, part: Path) -> None:
    """One attempt, appending to what is there.

    Raises: http.client.IncompleteRead: the answer ended before its length.
    """
    there = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"User-Agent": "claim-harness"})  # noqa: S310 - checked above
    if there:
        request.add_header("Range", f"bytes={there}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        resumed = answer.status == 206
        length = answer.headers.get("Content-Length")
        came = 0
        with part.open("ab" if resumed else "wb") as stream:
            while chunk := answer.read(CHUNK):
                stream.write(chunk)
                came += len(chunk)
                if came > MAX_BYTES:
                    raise HarnessError(f"{address}: is larger than {MAX_BYTES:,} bytes; refused")
            stream.flush()
            os.fsync(stream.fileno())
        if length is not None and came < int(length):
            raise http.client.IncompleteRead(b"", int(length) - came)
