"""One job of a worker: read the request, do it, and put the whole answer in place at once."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any

from reconcile.errors import CannotAskError, CounterError, ReconcileError, UsageError, ValuesReadError
from reconcile.worker.files_read import FilesRead

REQUEST, PAYLOAD, ANSWER = "request.json", "payload", "answer.json"
"""The files of a job's private folder; the payload is a live model that the caller pickled for this very worker."""


VALUES = "values"
"""The fault of a run by shape that cannot go on without values; the reason is the op that needs them."""


OVERLAY = "--overlay="
"""The server's argument that names an overlay, before the modules that it imports."""


def _failed(fault: str, reason: str, trace: str = "") -> dict[str, Any]:
    return {"status": "failed", "fault": fault, "reason": reason, "traceback": trace}


def _answer(request: dict[str, Any], payload: bytes) -> dict[str, Any]:
    try:
        if "counters" in request:
            from reconcile.worker.plain import plain

            return plain(request, payload)
        from reconcile.worker.answer import answer

        return answer(request, payload)
    except UsageError as error:
        return _failed("usage", str(error))
    except CannotAskError as error:
        return _failed("unasked", str(error))
    except CounterError as error:
        return _failed("counter", str(error) + _place(error.__cause__, request))
    except ReconcileError as error:
        return _failed("toolkit", f"{type(error).__name__}: {error}", traceback.format_exc())
    except ValuesReadError as error:
        return _failed(VALUES, str(error))
    except BaseException as error:
        text = _said(error)
        reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
        place = _place(error, request) or ("" if text else _last(error))
        return _failed("counter", reason[:500] + place, traceback.format_exc())


def _said(error: BaseException) -> str:
    """What an exception says, in one line; of too deep a recursion Python adds where it happened to end."""
    text = " ".join(str(error).split())
    return re.sub(r"(?<=^maximum recursion depth exceeded) .*", "", text) if isinstance(error, RecursionError) else text


def _place(error: BaseException | None, request: dict[str, Any]) -> str:
    """Where in the counter's library an exception passed last, as ` (library/file.py:12)`; nothing if it did not."""
    from reconcile.registry import entry

    library = entry(request["counter"], request["adapters"]).counter.imports
    places = traceback.extract_tb(error.__traceback__) if error is not None and library is not None else []
    for place in reversed(places):
        package, found, rest = place.filename.rpartition(f"/{library}/")
        if found and not package.endswith("/reconcile"):
            return f" ({library}/{rest}:{place.lineno})"
    return ""


def _last(error: BaseException) -> str:
    """Where an exception that says nothing was raised, as ` (folder/file.py:12)`; nothing if only here was reached."""
    frames = traceback.extract_tb(error.__traceback__)
    if len(frames) < 2:
        return ""
    path = Path(frames[-1].filename)
    return f" ({path.parent.name}/{path.name}:{frames[-1].lineno})"


def put_first(overlay: Path, package: str | None = None) -> None:
    """Let a folder's packages and distributions be found before those of the environment, in this process only.

    Of a checkout, which holds more than what is meant, only the one package is imported anew.
    """
    names = {item.name.partition(".")[0] for item in overlay.iterdir() if not item.name.endswith(".dist-info")}
    own = names if package is None else {package}
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        if not str(getattr(sys.modules[name], "__file__", None) or "").startswith(f"{overlay}{os.sep}"):
            del sys.modules[name]
    sys.path[:] = [str(overlay), *(item for item in sys.path if item != str(overlay))]
    importlib.invalidate_caches()


def work(folder: Path, reading: FilesRead) -> None:
    """Answer the request in a folder; an answer that is to be kept says which files it rests on."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    payload = (folder / PAYLOAD).read_bytes() if (folder / PAYLOAD).is_file() else b""
    # What a killed worker leaves in its temporary folder goes with the job's folder.
    os.environ["TMPDIR"], tempfile.tempdir = str(folder), None
    os.chdir(request["folder"])
    sys.path[:] = list(dict.fromkeys([*request["path"], *sys.path]))
    if request.get("overlay"):
        put_first(Path(request["overlay"]))
    elif request.get("checkout"):
        put_first(Path(request["checkout"]), request["imports"])
    sys.argv = ["reconcile-worker", str(folder / ANSWER)]
    warnings.simplefilter("ignore")
    if request["kept"]:
        reading.begin_job()
    document = _answer(request, payload)
    if request["kept"] and document["status"] == "ok":
        overlay = (f"{request['overlay']}{os.sep}",) if request.get("overlay") else ()
        document["files"] = reading.fingerprints(installed=overlay, private=str(folder))
    half = folder / "half"
    half.write_text(json.dumps(document), encoding="utf-8")
    os.replace(half, folder / ANSWER)
