"""Starting workers: one process for each counter, several at a time, each with a time limit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 300.0
"""Seconds that one counter may take by default."""

_SHOWN = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one worker is asked: a JSON document and, for a live model, its pickled bytes."""

    document: Mapping[str, Any]
    payload: bytes = b""


def launch(
    requests: Sequence[Request], *, timeout: float = TIMEOUT, jobs: int | None = None
) -> tuple[dict[str, Any], ...]:
    """Answer every request in a process of its own; a worker that breaks gives a failed answer with its reason."""
    workers = max(1, min(len(requests), jobs or os.cpu_count() or 1))
    with tempfile.TemporaryDirectory(prefix="reconcile-") as folder, ThreadPoolExecutor(workers) as pool:
        files = [Path(folder) / f"{index}.json" for index in range(len(requests))]
        futures = [pool.submit(_one, request, file, timeout) for request, file in zip(requests, files, strict=True)]
        return tuple(future.result() for future in futures)


def _one(request: Request, file: Path, timeout: float) -> dict[str, Any]:
    error = file.with_suffix(".stderr")
    line = json.dumps(request.document).encode() + b"\n"
    with error.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "reconcile.worker", str(file)],
            stdin=subprocess.PIPE,
            stdout=stderr,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        try:
            process.communicate(line + request.payload, timeout=timeout)
        except subprocess.TimeoutExpired:
            return _broken(f"it did not answer within {timeout:g} seconds and was stopped", error)
        finally:
            _stop(process)
    return _read(file, process.returncode, error)


def _environment() -> dict[str, str]:
    """The worker's environment: this package is importable, and hash order is the same every time."""
    package = str(Path(__file__).resolve().parent.parent)
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a worker and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def _read(file: Path, code: int, error: Path) -> dict[str, Any]:
    if code < 0:
        return _broken(f"it was ended by signal {-code} ({signal.Signals(-code).name})", error)
    if not file.is_file():
        return _broken(f"it ended with exit code {code} and without an answer", error)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        return _broken("its answer is no whole document", error)
    if not isinstance(document, dict) or document.get("status") not in ("ok", "failed"):
        return _broken("its answer has no status", error)
    return document


def _broken(reason: str, error: Path) -> dict[str, Any]:
    text = error.read_bytes()[-100_000:].decode("utf-8", "replace").strip()
    last = text.splitlines()[-1][:_SHOWN] if text else ""
    said = f"; it last said: {last}" if last else ""
    return {"status": "failed", "fault": "counter", "reason": reason + said, "traceback": text[-4000:]}
