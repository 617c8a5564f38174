"""Auditing a table: wrong rows that are mixed into it are named, each for what it is, and no other row is."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconcile.ask import Question
from reconcile.claims.hypotheses import BY_CHANCE
from reconcile.claims.stated import parse_stated
from reconcile.claims.table_audit import audit_table
from reconcile.claims.table_file import TableRow, read_table
from reconcile.cli import run_cli
from reconcile.inputs import parse_inputs
from reconcile.objects import parse_object
from reconcile.schemas import schema
from reconcile.surveys.survey_file import read_survey
from tests.shared import ROOT, audit_of

PUBLISHED = ROOT / "reports" / "torchvision-published.csv"

ZOO = ROOT / "reconcile" / "zoo" / "networks.yaml"

HEAD = "name,model,arguments,input,value,unit,params"

LENET = 28 * 28 * 6 * 9 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10
TESTNET = {side: 4 * side * side * 2 * 9 for side in (64, 320, 224, 256)}
ATTENTION = '"{""embed_dim"": 64, ""num_heads"": 4}"'


def _audit(capsys: pytest.CaptureFixture[str], file: Path, code: int, *more: str) -> dict[str, Any]:
    assert run_cli(["identify", "--table", str(file), "--json", *more]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("table"))
    return document


def _table(folder: Path, *lines: str) -> Path:
    file = folder / "table.csv"
    file.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return file


def _macs(model: str, inputs: str, arguments: dict[str, Any] | None = None, counter: str = "reference") -> int:
    count = audit_of(model, inputs, ("thop",), arguments).run.count(counter)
    assert count is not None
    assert count.total is not None
    return count.total


def _told(counter: str, inputs: str) -> int:
    count = audit_of(RESNET, inputs, (counter,)).run.count(counter)
    assert count is not None
    assert count.total is not None
    return count.total


RESNET = "torchvision.models:resnet18"


def test_wrong_rows_that_are_mixed_in_are_named_for_what_they_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    encoder = {"d_model": 64, "nhead": 4, "batch_first": True}
    right = _macs(RESNET, "1,3,64,64")
    larger = _macs(RESNET, "1,3,96,96")
    blind = _macs("torch.nn:TransformerEncoderLayer", "1,50,64", encoder, "thop")
    whole = _macs("torch.nn:TransformerEncoderLayer", "1,50,64", encoder)
    assert blind < whole
    arguments = '"' + json.dumps(encoder).replace('"', '""') + '"'
    digits = f"{LENET / 1e6:.5f}"
    swapped = digits[:3] + digits[4] + digits[3] + digits[5:]
    file = _table(
        tmp_path,
        f'plain,{RESNET},,"1,3,64,64",{right / 1e9:.4f},GFLOPs,',
        f'lenet,reconcile.models:LeNet,,"1,1,28,28",{LENET / 1e6:.4f},MFLOPs,',
        f'test,reconcile.models:TestNet,,"1,2,320,320",{TESTNET[320] / 1e6:.3f},MFLOPs,',
        f'small test,reconcile.models:TestNet,,"1,2,64,64",{TESTNET[64]},FLOPs,',
        f'encoder,torch.nn:TransformerEncoderLayer,{arguments},"1,50,64",{whole},FLOPs,',
        f'in FLOPs,{RESNET},,"1,3,64,64",{2 * right / 1e9:.4f},GFLOPs,',
        f'elsewhere,{RESNET},,"1,3,112,112",{larger / 1e9:.4f},GFLOPs,',
        f'slip,reconcile.models:LeNet,,"1,1,28,28",{swapped},MFLOPs,',
        f'blind,torch.nn:TransformerEncoderLayer,{arguments},"1,50,64",{blind},FLOPs,',
        f'random,{RESNET},,"1,3,64,64",{right + 1234567},FLOPs,',
    )
    document = _audit(capsys, file, 1)
    (convention,) = document["conventions"]
    assert (convention["counter"], convention["departs"]) == ("reference", "in MAC, called FLOP")
    found = {row["name"]: (row["verdict"], row["because"]) for row in document["rows"]}
    follows = [name for name, (verdict, _) in found.items() if verdict == "follows"]
    assert follows == ["plain", "lenet", "test", "small test", "encoder"]
    assert "the whole number of MAC doubled" in found["in FLOPs"][1]
    assert "at the input 1,3,96,96" in found["elsewhere"][1]
    assert found["slip"] == ("slip of digits", f"{swapped}M stands where {digits}M belongs")
    assert found["blind"][1].startswith("thop gives")
    assert found["random"][0] == "nothing gives it"


def test_a_row_of_a_counter_that_traces_or_must_be_run_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    right = _macs(RESNET, "1,3,64,64")
    told = {name: _told(name, "1,3,64,64") for name in ("fvcore", "ptflops")}
    assert _told("ptflops:aten", "1,3,64,64") == right + 1000, "which is one digit apart"
    file = _table(
        tmp_path,
        f'plain,{RESNET},,"1,3,64,64",{right},MACs,',
        f'test,reconcile.models:TestNet,,"1,2,64,64",{TESTNET[64]},MACs,',
        f'lenet,reconcile.models:LeNet,,"1,1,28,28",{LENET},MACs,',
        f'traced,{RESNET},,"1,3,64,64",{told["fvcore"]},MACs,',
        f'run,{RESNET},,"1,3,64,64",{told["ptflops"]},MACs,',
        f'biased,{RESNET},,"1,3,64,64",{right + 1000},MACs,',
    )
    rows = {row["name"]: row for row in _audit(capsys, file, 1)["rows"]}
    assert [row["verdict"] for row in rows.values()] == ["follows"] * 3 + ["another convention"] * 3
    assert rows["traced"]["because"].startswith("fvcore gives")
    assert rows["run"]["because"].startswith("ptflops gives")
    assert rows["biased"]["because"].startswith(("ptflops:aten gives", "by hand: multiply-adds and biases gives"))


def test_random_numbers_are_told_by_nothing_but_chance_in_a_hundred() -> None:
    generator = random.Random(11)
    arguments = {"d_model": 64, "nhead": 4, "batch_first": True}
    whole = 50 * (4 * 64 * 64 + 2 * 64 * 2048) + 2 * 50 * 50 * 64
    right = [f"{whole / 1e6:.2f} MMACs"] * 301
    wrong = [f"{generator.randrange(1000, 9999) / 100:.2f} MMACs" for _ in range(300)]
    model, inputs = parse_object("torch.nn:TransformerEncoderLayer", arguments), parse_inputs(["1,50,64"])
    row = TableRow(name="encoder", model=model, inputs=inputs, stated=tuple(map(parse_stated, [*right, *wrong])))
    audit = audit_table([row], Question(model=model, inputs=inputs))
    believed = [item for item in audit.findings[len(right) :] if item.verdict != "nothing gives it"]
    assert {item.verdict for item in audit.findings[: len(right)]} == {"follows"}
    assert len(believed) <= 0.05 * len(wrong)
    assert all(item.chance <= BY_CHANCE for item in believed)


def test_a_uniform_table_ends_well(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = _table(tmp_path, f'test,reconcile.models:TestNet,,"1,2,64,64",{TESTNET[64]},MACs,76')
    document = _audit(capsys, file, 0)
    for item in document["conventions"]:
        assert not [name for name in item["also"] if name.partition("==")[0] in item["also"] and "==" in name]
    assert {item["metric"]: item["counter"] for item in document["conventions"]} == {
        "operations": "reference",
        "params": "reference",
    }


def test_a_row_whose_model_fails_is_a_row(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = _table(
        tmp_path,
        f'test,reconcile.models:TestNet,,"1,2,64,64",{TESTNET[64]},MACs,',
        'wrong,reconcile.models:TestNet,,"1,5,64,64",7,MACs,',
    )
    document = _audit(capsys, file, 1)
    assert [row["verdict"] for row in document["rows"]] == ["follows", "failed"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model,value\nx:y,3\n", "has no column 'input'"),
        ("model,input,top1\n", "has the unknown column 'top1'"),
        (f"{HEAD}\n", "has no rows"),
        (f'{HEAD}\na,x:y,,"1,3",many,,\n', "line 2 of the table"),
        (f'{HEAD}\na,x:y,[1],"1,3",3,,\n', "are no JSON object"),
        (f'{HEAD}\na,x:y,,"1,3"\n', "more or fewer fields"),
        (f'{HEAD}\na,x:y,,"1,3",,,\n', "states no number"),
    ],
)
def test_a_broken_table_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "table.csv"
    file.write_text(text, encoding="utf-8")
    assert run_cli(["identify", "--table", str(file)]) == 2
    assert sentence in capsys.readouterr().err


def test_the_published_table_holds_every_number_of_torchvision_that_the_zoo_lists() -> None:
    listed = [
        (model.name, str(model.model), model.inputs, model.published)
        for model in read_survey(str(ZOO)).models
        if model.group.startswith("torchvision") and model.published is not None
    ]
    rows = read_table(str(PUBLISHED))
    assert len(rows) >= 100
    for (name, model, inputs, published), row in zip(listed, rows, strict=True):
        operations, parameters = row.stated
        assert (row.name, str(row.model), row.inputs) == (name, model, inputs)
        assert (operations.text, parameters.printed.exact) == (f"{published.gmac} GFLOPS", published.parameters)


SLICE = ("squeezenet1_1", "vit_b_32")


def test_a_slice_of_the_committed_report_comes_out_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    report = PUBLISHED.with_name("torchvision-table.md").read_text(encoding="utf-8")
    head, *lines = PUBLISHED.read_text(encoding="utf-8").splitlines()
    assert head == HEAD
    file = _table(tmp_path, *(line for line in lines if line.split(",")[0] in SLICE))
    document = _audit(capsys, file, 0)
    assert len(document["rows"]) == 2 * len(SLICE)
    for row in document["rows"]:
        assert f"| {row['name']} | {row['input']} | {row['value']} | {row['total']:,} | follows |" in report


def test_the_committed_report_leaves_no_number_out() -> None:
    report = PUBLISHED.with_name("torchvision-table.md").read_text(encoding="utf-8")
    rows = read_table(str(PUBLISHED))
    assert report.count(" | follows |") == sum(len(row.stated) for row in rows)
    assert "Every one of the" in report
