"""Run one counter on one model and write one answer document.

Started as `python -m reconcile.worker ANSWER`; the request comes on standard input: one line of JSON and, for a live
model, the bytes that the caller pickled for this very process.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from reconcile.errors import CounterError, ReconcileError, UsageError
from reconcile.worker.answer import answer


def _failed(fault: str, reason: str, trace: str = "") -> dict[str, Any]:
    return {"status": "failed", "fault": fault, "reason": reason, "traceback": trace}


def _answer(request: dict[str, Any], payload: bytes) -> dict[str, Any]:
    try:
        return answer(request, payload)
    except UsageError as error:
        return _failed("usage", str(error))
    except CounterError as error:
        return _failed("counter", str(error))
    except ReconcileError as error:
        return _failed("toolkit", f"{type(error).__name__}: {error}", traceback.format_exc())
    except BaseException as error:
        text = " ".join(str(error).split())
        reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return _failed("counter", reason[:500], traceback.format_exc())


def main() -> None:
    """Read the request, do it, and put the whole answer in place at once."""
    target = Path(sys.argv[1])
    request = json.loads(sys.stdin.buffer.readline())
    payload = sys.stdin.buffer.read()
    warnings.simplefilter("ignore")
    document = _answer(request, payload)
    half = target.with_suffix(".half")
    half.write_text(json.dumps(document), encoding="utf-8")
    os.replace(half, target)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
