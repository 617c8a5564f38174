"""How a worker answers a request: build the model, run the counter under the recorder, put rows to layers."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.version import Version

from reconcile.adapter import AtFunction, AtOp, Counter, Measured, Named, Outside, Place, Row, Told
from reconcile.errors import CannotAskError, CounterError, LedgerError, ReconcileError, ValuesReadError
from reconcile.language import later
from reconcile.ledger import Ledger
from reconcile.ledger import to_json as ledger_to_json
from reconcile.registry import Entry, entries
from reconcile.releases.overlay import verified
from reconcile.renamed import renamed_ledger, renamed_told
from reconcile.rules import function_layer, op_layer
from reconcile.schema import Context
from reconcile.work import ROOT, Work, is_layer
from reconcile.worker import shims
from reconcile.worker.build import Built, build, framework_of
from reconcile.worker.side_effects import Watch, options_now
from reconcile.worker.stopwatch import Stopwatch


class WorkerSubject:
    """The subject that a worker hands to an adapter."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.model = built.model
        self.args = built.args
        self.kwargs = built.kwargs
        self._tape: Any = None
        self._ledger: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        """What has been recorded."""
        if self._ledger is None:
            if self._tape is None:
                raise LedgerError("the adapter recorded nothing")
            self._ledger = renamed_ledger(self._tape.ledger("run"), self.built.names)
        return self._ledger

    @contextlib.contextmanager
    def recording(self, *, own_code: Sequence[str] = ()) -> Iterator[Any]:
        """Record what the model executes meanwhile."""
        recorder = self.built.recorder(own_code=own_code)
        with recorder:
            yield recorder
        self._tape, self._ledger = recorder.tape, None

    def twin(self, *, sizes: bool = False) -> None:
        """Record a clean pass of the same model, input and context, composite ops with their parts."""
        with self._with_parts(sizes=sizes):
            self.model(*self.args, **self.kwargs)

    @contextlib.contextmanager
    def _with_parts(self, *, sizes: bool) -> Iterator[Any]:
        """Record what the model executes meanwhile, composite ops with their parts, and leave it as it was."""
        recorder = self.built.recorder(composites=True)
        with self.built.unchanged(), self.built.composite_context(), recorder:
            yield recorder
        self._ledger = recorder.tape.ledger("twin")
        if sizes:
            from reconcile.worker.size_arithmetic import size_arithmetic

            with self.built.unchanged():
                ops = size_arithmetic(self.model, self.args, self._ledger.calls, self._ledger.ops)
            self._ledger = replace(self._ledger, ops=tuple(ops))


class TracedSubject(WorkerSubject):
    """A subject of which everything is recorded as a trace holds it: composite ops with their parts, and sizes."""

    @contextlib.contextmanager
    def recording(self, *, own_code: Sequence[str] = ()) -> Iterator[Any]:
        """Record what the model executes meanwhile."""
        with self._with_parts(sizes=not self.kwargs) as recorder:
            yield recorder


class _Nobody:
    """A recorder that records nothing; what an adapter attributes to it is dropped."""

    function = -1
    last_op = -1
    path = ""

    @contextlib.contextmanager
    def inside(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Iterator[list[Any]]:
        """Record no call."""
        yield []

    @contextlib.contextmanager
    def functions(self, names: Sequence[str]) -> Iterator[None]:
        """Leave every function as it is."""
        yield


class SilentSubject(WorkerSubject):
    """A subject that nobody watches."""

    @property
    def ledger(self) -> Ledger:
        """A ledger of the model in which nothing was executed."""
        if self._ledger is None:
            self._ledger = self.built.recorder().tape.ledger("run")
        return self._ledger

    @contextlib.contextmanager
    def recording(self, *, own_code: Sequence[str] = ()) -> Iterator[Any]:
        """Record nothing."""
        yield _Nobody()

    def twin(self, *, sizes: bool = False) -> None:
        """Make no other pass."""


def _layer(row: Row, work: Work) -> str:
    target = row.target
    if isinstance(target, AtOp):
        return op_layer(work, target.index)
    if isinstance(target, AtFunction):
        return function_layer(work, target.index, target.place)
    if isinstance(target, Place):
        return target.path or ROOT
    if isinstance(target, Named):
        return target.row
    return _outside(target, work)


def _outside(target: Outside, work: Work) -> str:
    from reconcile.pricing.operators import label

    module = work.ledger.places.get(target.path)
    if module is not None and is_layer(module):
        return target.path or ROOT
    parts = target.path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        above = work.ledger.places.get(".".join(parts[:end]))
        if above is not None and above.leaf:
            return above.path
    return f"{target.path}::{label(target.op)}"


def _rows(told: Told, work: Work) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for row in told.rows:
        name = _layer(row, work)
        kept = rows.setdefault(name, {"layer": name, "told": None})
        if row.told is not None:
            kept["told"] = (kept["told"] or 0) + row.told
    return list(rows.values())


def _measures(told: Told, work: Work) -> dict[str, Any]:
    """What was told of other metrics, by row; parameters stand in the rows of operations if nowhere else."""
    given = dict(told.measures)
    if told.params is not None and "params" not in given:
        rows = [Row(target=row.target, told=row.params) for row in told.rows if row.params is not None]
        given["params"] = Measured(rows=rows, total=told.params)
    return {metric: {"total": part.total, "rows": _added(part.rows, work)} for metric, part in given.items()}


def _added(rows: Sequence[Row], work: Work) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in rows:
        if row.told is not None:
            name = _layer(row, work)
            sums[name] = sums.get(name, 0) + row.told
    return sums


def _entry(request: dict[str, Any]) -> Entry:
    known = entries(tuple(request["adapters"]))
    checkout = request.get("checkout")
    return known[request["counter"]].within(None if checkout is None else Path(checkout))


def _version(entry: Entry, overlay: Path | None) -> str | None:
    """The release that is found first here; an overlay that is no longer as it was made is refused."""
    if overlay is None:
        return entry.version
    if not verified(overlay.parent):
        raise CounterError(
            later("its overlay {name} vanished or was changed while the command ran", name=overlay.parent.name)
        )
    return None if entry.counter.distribution is None else str(Version(metadata.version(entry.counter.distribution)))


def _identify(entry: Entry, overlay: Path | None) -> None:
    """Refuse an answer of files that do not stand in the overlay or in the checkout that was meant."""
    imports, folder = entry.counter.imports, overlay or entry.checkout
    module = sys.modules.get(imports or "")
    if folder is None or module is None:
        return
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).resolve().is_relative_to(folder.resolve()):
        if overlay is None:
            raise CounterError(
                later(
                    "{imports} was imported from {file}, not from the checkout {folder}",
                    imports=imports,
                    file=file,
                    folder=folder,
                )
            )
        raise CounterError(
            later(
                "{imports} was imported from {file}, not from the overlay {overlay}",
                imports=imports,
                file=file,
                overlay=overlay.parent.name,
            )
        )


def _built(request: dict[str, Any], payload: bytes, counter: Counter, context: Context, shape: Any) -> Built:
    """The model in the counter's framework; where there is none, the counter has not failed, it cannot be asked.

    A model that reads its own random weights while it is built gets them filled.
    """
    try:
        with contextlib.nullcontext() if shape is None else shape.building():
            return build(request, payload, counter, context, shape)
    except ValuesReadError:
        shape.read = None
        return build(request, payload, counter, context, shape)
    except CounterError as error:
        raise CannotAskError(str(error)) from error
    except ReconcileError:
        raise
    except Exception as error:
        if counter.framework != "paddle":
            raise
        said = " ".join(str(error).split())[-200:]
        raise CannotAskError(
            later(
                "paddle: no twin of the model could be made: {error_type}: {said}",
                error_type=type(error).__name__,
                said=said,
            )
        ) from error


def imported(counter: Counter) -> None:
    """Import a counter's library before its time is taken; what is wrong with it shows when it is used."""
    if counter.imports is not None:
        with contextlib.suppress(Exception):
            importlib.import_module(counter.imports)


def _by_shape(request: Mapping[str, Any], counter: Counter, context: Context) -> Any:
    """Execution by shape, if it is asked for and a PyTorch model may come; otherwise None, and all is computed.

    In inference mode composite ops reach a mode whole: they have no formula, and a trace would miss their parts.
    """
    real = request["real"] or counter.framework == "paddle" or context.device != "cpu"
    if real or context.grad == "inference" or importlib.util.find_spec("torch") is None:
        return None
    from reconcile.worker.by_shape import ByShape

    return ByShape(counter.imports)


@contextlib.contextmanager
def _running(shape: Any) -> Iterator[None]:
    """Execute by shape, if that is not None.

    What needed values counts as not done, even if somebody caught the exception and went on.
    """
    if shape is None:
        yield
        return
    try:
        with shape.running():
            yield
    finally:
        if shape.read is not None:
            raise ValuesReadError(shape.read)


def _called(built: Built, shape: Any) -> None:
    """Call the model once more; that values would be needed says nothing, since the counter is done."""
    try:
        with _running(shape), built.grad_context():
            built.model(*built.args, **built.kwargs)
    except ValuesReadError:
        shape.read = None


def _why_real(request: Mapping[str, Any]) -> Sequence[str]:
    if "values" not in request:
        return ()
    op = request["values"]
    return (later("every value was computed, because the number may depend on them: the model executes {op}", op=op),)


def answer(request: dict[str, Any], payload: bytes) -> dict[str, Any]:
    """Do one request and give the answer document."""
    entry = _entry(request)
    overlay = Path(request["overlay"]) if request.get("overlay") else None
    version = _version(entry, overlay)
    counter: Counter = entry.counter.at(version)
    random.seed(0)
    repairs = shims.apply(overlay=overlay is not None)
    context = Context.from_json(request["context"])
    shape = _by_shape(request, counter, context)
    stopwatch = Stopwatch()
    options = options_now()
    imported(counter)
    with stopwatch.measuring("building"):
        built = _built(request, payload, counter, context, shape)
    subject = TracedSubject(built) if request.get("traced") else WorkerSubject(built)
    inputs = (*built.args, *built.kwargs.values())
    watch = Watch(built.model, inputs, built.valued, options, lambda: _called(built, shape))
    with _running(shape), stopwatch.measuring("counting"), built.grad_context():
        told = counter.run(subject) if request["recorded"] else _unrecorded(counter, subject)
    side_effects = watch.changes()
    _identify(entry, overlay)
    told = renamed_told(told, built.names)
    ledger = subject.ledger if request["recorded"] else None
    document: dict[str, Any] = {
        "status": "ok",
        "version": version,
        "total": told.total,
        "params": told.params,
        "warnings": [*shims.used(repairs), *_why_real(request), *built.notes, *told.warnings],
        "execution": "real" if shape is None or framework_of(built.model) != "torch" else "shape",
        "side_effects": list(side_effects),
        "certificate": built.certificate,
        "rows": _rows(told, Work(ledger)) if ledger is not None else [],
        "measures": _measures(told, Work(ledger)) if ledger is not None else {},
        "ledger": None if ledger is None else ledger_to_json(ledger),
        "parameters": built.parameter_count(),
        **stopwatch.to_json(),
    }
    return document


def _unrecorded(counter: Counter, subject: WorkerSubject) -> Told:
    """Run a counter with nothing watching, to prove that watching changes nothing."""
    return counter.run(SilentSubject(subject.built))
