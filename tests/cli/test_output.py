"""Nothing that others wrote acts on a terminal or log: every command over hostile texts, encodings, closed streams."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from dataset_folders import TWO_AXES, to_label

import harness as package
from harness.cli.command import harness as group
from harness.files import sha256
from harness.guarded_stream import GuardedStream
from harness.records import Article, Claim, make_claim_id
from harness.text_tables import JOINERS, escape_json

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\x7f\u202eevil\u202c\u2066\u200b\U000e0041\r"
NAME = f"na{EVIL}me"
SCHEME = (
    TWO_AXES.replace("title: Two questions", f'title: "Two {json.dumps(EVIL[:-2])[1:-1]}"')
    .replace("question: Does it state something?", 'question: "Does \\u202e it? \\x9b31m"')
    .replace("definition: Of the world", 'definition: "\\e]0;owned\\a"  #')
    .replace("calm,", '"ca\\e[2Jlm", calm,')
)


def acting(text: str) -> set[str]:
    """The characters of an output that act on a terminal."""
    kinds = {character for character in text if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return kinds - set("\n\t" + JOINERS)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset, configs, results and files whose texts and names are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    data = to_label(folder / "data", scheme=SCHEME).folder
    articles, claims = [], []
    for n in range(2):
        texts = [f"Oslo{EVIL} spent {i} million on {EVIL} trams in 201{i}." for i in range(n, 12, 2)]
        article = Article(article_id=f"a{n}", text="\n\n".join(texts), title=f"T {EVIL}")
        articles.append(article)
        for text in texts:
            start = article.text.index(text)
            claim_id = make_claim_id(article.article_id, start, start + len(text), sha256(text))
            end = start + len(text)
            claims.append(Claim(claim_id=claim_id, article_id=article.article_id, start=start, end=end, text=text))
    for name, records in (("articles", articles), ("claims", claims)):
        (data / f"{name}.jsonl").write_text(
            "".join(record.model_dump_json(exclude_none=True) + "\n" for record in records)
        )
    for annotator, odd in (("ann", "yes"), ("bob", "no")):
        rows = [
            {
                "claim_id": claim.claim_id,
                "factual": odd if n % 2 else "yes",
                "tone": "ca\x1b[2Jlm",
                "note": f"why {EVIL}",
            }
            for n, claim in enumerate(claims)
        ]
        package.add_claims(data, rows, annotator)
    return folder


@pytest.fixture(scope="module")
def results(hostile: Path) -> Path:
    """Two results of a config with hostile names, and a saved model."""
    config = {"name": "evil", "task": "claim_detection", "dataset": str(hostile / "data"), "gold": "single:ann"}
    systems = [{"name": "length", "cap": cap, "label": f"cap {cap}"} for cap in (5, 9)]
    config |= {"split": {"k": 2}, "metrics": ["f1"], "classifiers": systems, "intervals": {"resamples": 100}}
    (hostile / "evil.yaml").write_text(json.dumps(config))
    package.run(hostile / "evil.yaml", out=hostile / "runs")
    (hostile / "wrong.yaml").write_text(json.dumps(config | {"gold": f"single:{EVIL[:-2]}", EVIL[:-2]: 1}))
    (hostile / f"{NAME}.csv").write_text(f"claim_id,text\na,Ten cats {EVIL.strip()} live.\n")
    (hostile / f"{NAME}.txt").write_text(f"Oslo{EVIL} spent 5 million.\n")
    (hostile / "odd.csv").write_text(f"claim_id,text,{EVIL.strip()}\na,Ten cats.,\n")
    (hostile / "labels.csv").write_text(f"text,factual,tone\nTen{EVIL.strip()} cats.,{EVIL.strip()},calm\n")
    return hostile


COMMANDS = {
    "add": ["add", "data", "--claims", "labels.csv", "--as", NAME],
    "add of a new label": ["add", "data", "--claims", "labels.csv", "--as", "cal"],
    "adjudicate": ["adjudicate", "data", "--as", "dee"],
    "agreement": ["agreement", "data"],
    "assign": ["assign", "data", "--annotators", NAME],
    "audit": ["audit", "data"],
    "cache": ["cache"],
    "check": ["check", "data", "evil.yaml"],
    "check of a faulty config": ["check", "wrong.yaml"],
    "compare": ["compare", "runs/evil"],
    "compare as CSV": ["compare", "runs/evil", "--format", "csv"],
    "curve": ["curve", "runs/evil"],
    "diff": ["diff", "data", "data"],
    "disputes": ["disputes", "data"],
    "disputes as JSON": ["disputes", "data", "--json"],
    "evaluate": ["evaluate", NAME, "--predictions", NAME],
    "export": ["export", "data", "--to", "jsonl", "-o", f"{NAME}.out.jsonl"],
    "fetch": ["fetch", NAME],
    "gold": ["gold", "data", "--rule", "majority"],
    "guideline": ["guideline", "data/schemes/two-axes.yaml"],
    "index": ["index", NAME, "-o", "index"],
    "ingest": ["ingest", f"{NAME}.txt", "--into", f"new{NAME}"],
    "label": ["label", "data", "--as", "eve"],
    "list": ["list", NAME],
    "next": ["next", "data", "--system", NAME],
    "new": ["new", "data"],
    "power": ["power", "runs/evil"],
    "probe": ["probe", NAME],
    "report": ["report", "runs/evil", "-o", f"{NAME}.html"],
    "run": ["run", "evil.yaml"],
    "run of a faulty config": ["run", "wrong.yaml"],
    "run with an odd setting": ["run", "evil.yaml", "--set", f"{NAME}={EVIL}"],
    "schema": ["schema", "-o", f"{NAME}.json"],
    "score": ["score", f"{NAME}.csv", "--claims", "--system", "rules"],
    "score of an odd table": ["score", "odd.csv", "--claims", "--system", "rules"],
    "score as JSON": ["score", f"{NAME}.csv", "--claims", "--system", "rules", "--json"],
    "search": ["search", NAME, NAME],
    "split": ["split", "evil.yaml", "-o", NAME],
    "suspects": ["suspects", "runs/evil"],
    "verify": ["verify", f"{NAME}.txt", "--corpus", NAME, "--chain", NAME],
    "withdraw": ["withdraw", "data", "--as", NAME, "--claim", NAME],
}


def test_every_command_is_tried():
    assert set(group.commands) == {arguments[0] for arguments in COMMANDS.values()}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_no_command_lets_a_text_of_others_act_on_the_terminal(arguments, results, harness, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("nq"))
    ended = harness(*arguments, cwd=results)
    assert ended.returncode in (0, 1, 2), ended.stderr
    assert ended.stdout + ended.stderr
    assert not acting(ended.stdout + ended.stderr)
    assert "Usage:" not in ended.stderr
    if "--json" in arguments:
        json.loads(ended.stdout)


def test_json_of_any_encoding_gives_back_the_text():
    document = json.dumps({"text": EVIL + "é😀\u2028\ud800"}, ensure_ascii=False, indent=2)
    for encoding in ("ascii", "cp1252", "utf-8"):
        printed = escape_json(document, encoding)
        assert not acting(printed)
        assert json.loads(printed.encode(encoding).decode(encoding)) == json.loads(document)
    assert "é😀" in escape_json(document, "utf-8")


def test_bytes_and_lines_are_guarded_too_and_tabs_stay():
    stream = io.StringIO()
    guard = GuardedStream(stream)
    for part in "é\x9bü".encode():
        guard.buffer.write(bytes([part]))
    guard.writelines(["a\tb", EVIL])
    assert stream.getvalue().startswith("é\\x9büa\tb\\x1b]0;owned\\x07")
    assert not acting(stream.getvalue())


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code(closed, tmp_path):
    command = f"{sys.executable} -m harness list nothing {closed}"
    ended = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


def test_an_encoding_of_little_prints_the_rest_as_escapes(tmp_path):
    settings = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "harness", "list", "é😀"]
    ended = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, check=False)
    assert b"\\xe9\\U0001f600" in ended.stderr
    assert ended.stderr.isascii()


def test_too_little_memory_is_said_so(tmp_path):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (60 << 20, 60 << 20))

    (tmp_path / "a.txt").write_text("Ten cats.")
    command = [sys.executable, "-m", "harness", "score", "a.txt", "--system", "rules"]
    ended = subprocess.run(command, cwd=tmp_path, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "harness: not enough memory" in ended.stderr


def test_ctrl_c_while_the_command_line_is_imported_is_quiet(tmp_path):
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    settings = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    code = "from harness.__main__ import main; main()"
    ended = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
