"""Bad input gets one clear sentence and exit code 2, no traceback, and nothing half-written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from reconcile.cli import run_cli
from reconcile.render.files import write_text

BAD = str(Path(__file__).parent / "cases" / "bad_models.py")
LENET = "reconcile.models:LeNet"
SHAPE = ["-i", "1,1,28,28"]


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code = run_cli(arguments)
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.startswith("reconcile: ")
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nowhere", *SHAPE], "is not understood; write package.module:attr or file.py:attr"),
        (["run", "no_such_package:Net", *SHAPE], "the module 'no_such_package' cannot be imported"),
        (["run", "no/such/file.py:Net", *SHAPE], "which does not exist"),
        (["run", f"{LENET}X", *SHAPE], "has no attribute 'LeNetX'"),
        (["run", f"{BAD}:number", *SHAPE], "is int, neither a model nor something that builds one"),
        (["run", f"{BAD}:text", *SHAPE], "gives str, which is neither a torch.nn.Module"),
        (["run", f"{BAD}:fails", *SHAPE], "cannot be built: RuntimeError: no weights here"),
        (["run", f"{BAD}:ready", "-i", "1,3", "--arg", "x=1"], "is a ready model, so it takes no arguments"),
        (["run", LENET, *SHAPE, "--arg", "depth=3"], "cannot be built: TypeError"),
        (["run", LENET, *SHAPE, "--arg", "depth"], "write key=value"),
        (["run", LENET, *SHAPE, "-c", "thopp"], "the counter 'thopp' is unknown; known are"),
        (["run", LENET, *SHAPE, "-c", "thop@fast"], "has the context 'fast'"),
        (["run", LENET, "-i", "1,0,28,28"], "has the size 0; every size must be at least 1"),
        (["run", LENET, "-i", "1,-1,28,28"], "has the size -1"),
        (["run", LENET, "-i", "1,1,a,28"], "has sizes that are no whole numbers"),
        (["run", LENET, "-i", "1,1,28,28:float31"], "has the dtype 'float31'"),
        (["run", LENET, *SHAPE, "--device", "cuda"], "the device 'cuda' is not supported"),
        (["run", LENET, *SHAPE, "--timeout", "0"], "must be a number of seconds above 0"),
        (["run", LENET, *SHAPE, "--memory", "0"], "the memory '0' is no size above 0; write 8G or 512M"),
        (["run", LENET, *SHAPE, "--adapter", "none.py"], "the adapter 'none.py' does not exist"),
        (["explain", LENET, *SHAPE, "--from", "thop"], "Missing option '--to'"),
        (["explain", LENET, *SHAPE, "--from", "claim:none.yaml", "--to", "thop"], "'none.yaml' does not exist"),
        (["explain", LENET, *SHAPE, "--from", "run:none.json", "--to", "thop"], "'none.json' does not exist"),
        (["fly"], "No such command 'fly'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert sentence in _refused(capsys, *arguments)


def test_a_file_with_a_syntax_error_is_named_with_its_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "torn.py"
    file.write_text("x = 1\ndef net(:\n    pass\n", encoding="utf-8")
    error = _refused(capsys, "run", f"{file}:net", *SHAPE)
    assert "has a syntax error in line 2" in error


def test_an_input_that_the_model_rejects_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    error = _refused(capsys, "run", f"{BAD}:Picky", "-i", "1,5")
    assert "the model fails on the input 1,5: RuntimeError" in error


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("unit: MAC\ntotal: 1\ninput: [1, 1, 28, 28]\n", "states no model; only numbers with a formula"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\ntotal: 1\n", "states no unit"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\nunit: G\ntotal: 1\n", "has the unit 'G'; use MAC or FLOP"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\nunit: MAC\n", "states neither rows nor a total"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\nunit: MAC\ntotal: many\n", "'many' is no printed number"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\nunit: MAC\ntotal: 1.5\n", "put it between quotes"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\nunit: MAC\nrows: {{fc.0: ten}}\n", "has at 'fc.0' what is no number"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\nunit: MAC\nrows: {{fc.9: 10}}\n", "'fc.9', which is no layer"),
        (f"model: {LENET}\ninput: [1, 1, 28, 28]\nunit: MAC\nrows: [1]\n", "must be a mapping"),
        (f"model: {LENET}\ninput: big\nunit: MAC\ntotal: 1\n", "no whole numbers"),
        (f"model: {LENET}\ninput: [1]\nunit: MAC\ntotal: 1\nsum: 2\n", "has the unknown field 'sum'"),
        (f"model: {LENET}\ninput: [1]\nunit: [MAC]\ntotal: 1\n", "has the unit ['MAC']"),
        (f"model: {{object: '{LENET}', arguments: [1]}}\ninput: [1]\nunit: MAC\ntotal: 1\n", "write a mapping"),
        (f"model: {LENET}\ninput: [1]\nunit: MAC\ntotal: 1\ntotal: 2\n", "the key 'total' is given twice"),
        ("{", "is no YAML"),
        ("- 1\n", "must hold a mapping"),
        ("a: !!python/object/apply:os.system ['true']\n", "is no YAML"),
    ],
)
def test_a_claim_file_with_a_defect_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "claim.yaml"
    file.write_text(text, encoding="utf-8")
    assert sentence in _refused(capsys, "explain", LENET, *SHAPE, "--from", f"claim:{file}", "--to", "reference")


def test_a_refused_command_writes_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    output, folder = tmp_path / "run.json", tmp_path / "report"
    _refused(capsys, "run", f"{BAD}:Picky", "-i", "1,5", "--output", str(output))
    _refused(capsys, "audit", f"{BAD}:Picky", "-i", "1,5", "--out", str(folder))
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = str(tmp_path / "none" / "run.json")
    assert "cannot be written" in _refused(capsys, "counters", "--output", place)


def test_what_is_no_file_is_written_to_and_stays_what_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with Popen(["cat", str(pipe)], stdout=PIPE, text=True) as reader:
        write_text(pipe, "all of it")
        assert reader.communicate()[0] == "all of it"
    assert list(tmp_path.iterdir()) == [pipe]
    assert pipe.is_fifo()
    assert "is a directory" in _refused(capsys, "counters", "--output", str(tmp_path)).lower()


def test_a_link_leads_to_the_file_that_is_written(tmp_path: Path) -> None:
    link, file = tmp_path / "link.md", tmp_path / "file.md"
    link.symlink_to(file)
    for text in ("new", "and again"):
        write_text(link, text)
        assert link.is_symlink()
        assert file.read_text(encoding="utf-8") == text


def test_what_the_system_refuses_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "claim.yaml"
    file.write_text("unit: MAC\n", encoding="utf-8")

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))

    monkeypatch.setattr(Path, "read_text", refuse)
    assert f"{str(file)!r}: Permission denied" in _refused(capsys, "check", str(file))


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Usage: reconcile")
    assert "\n  explain " in said.err


def test_a_counter_that_is_not_installed_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    adapter = tmp_path / "absent.py"
    adapter.write_text(
        "from reconcile.adapter import Counter\nfrom reconcile.rules import Rules\n"
        "COUNTERS = (Counter(id='absent', unit='MAC', framework='torch', distribution='absent-counter', "
        "imports='absent_counter', sees='nothing', rules=Rules(), run=print),)\n",
        encoding="utf-8",
    )
    error = _refused(capsys, "run", LENET, *SHAPE, "-c", "absent", "--adapter", str(adapter))
    assert "absent is not installed: pip install absent-counter" in error


def test_a_file_named_like_a_standard_module_in_the_folder_does_no_harm(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "selectors.py").write_text("x = 1\n", encoding="utf-8")
    environment = dict(os.environ)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "reconcile", "run", LENET, *SHAPE, "-c", "thop"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_model_that_takes_longer_than_the_limit_is_refused_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    error = _refused(capsys, "run", f"{BAD}:slow", "-i", "1,4", "-c", "thop", "--timeout", "0.05")
    assert "it did not answer within 0.05 seconds" in error


def test_a_model_that_fails_without_a_word_is_refused_with_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    said = _refused(capsys, "run", f"{BAD}:Silent", "-i", "2,3", "-c", "torch")
    assert "the model fails on the input 2,3: AssertionError (cases/bad_models.py:" in said
