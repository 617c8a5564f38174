"""layercount as a counter of reconcile: how it is run, how its rows are read, and what it counts."""

from reconcile.adapter import Counter, Place, Row, Subject, Told, whole
from reconcile.rules import Rule, Rules

RULES = Rules(
    modules={
        "torch.nn.Conv2d": Rule(source="layercount/__init__.py:conv2d", weights={"mac": 1}),
        "torch.nn.Linear": Rule(source="layercount/__init__.py:linear", weights={"mac": 1, "bias": 1}),
    }
)


def run(subject: Subject) -> Told:
    """Run the counter under the recorder, and put each of its numbers to the module that it is about."""
    import layercount

    with subject.recording():
        told = layercount.count(subject.model, *subject.args, **subject.kwargs)
    rows = [Row(target=Place(path=path), told=whole(operations, path)) for path, operations in told.items()]
    return Told(rows=rows, total=sum(told.values()))


COUNTERS = (
    Counter(
        id="layercount",
        unit="MAC",
        framework="torch",
        distribution="layercount",
        imports="layercount",
        sees="module calls, by exact type",
        rules=RULES,
        run=run,
    ),
)
