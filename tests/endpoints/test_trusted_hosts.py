"""Keys go to no host that the user has not confirmed: a config from elsewhere can name any key and any host."""

from __future__ import annotations

import pytest

from harness.classifiers import build
from harness.endpoints.trusted_hosts import KeyUse, UntrustedHost, require_trust

USE = KeyUse("MY_KEY", "model.invalid")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "reply-cache"))


def test_a_host_is_confirmed_once_for_each_key():
    with pytest.raises(UntrustedHost, match=r"the key in MY_KEY to model\.invalid; .* --trust-host model\.invalid"):
        require_trust([USE], [], "x.yaml")
    with pytest.raises(UntrustedHost):
        require_trust([USE], ["invalid"], "x.yaml")
    require_trust([USE, USE], ["model.invalid"], "x.yaml")
    require_trust([USE], [], "x.yaml")  # remembered
    for other in (KeyUse("OTHER_KEY", "model.invalid"), KeyUse("MY_KEY", "else.invalid")):
        with pytest.raises(UntrustedHost):
            require_trust([USE, other], [], "x.yaml")
    require_trust([], [], "x.yaml")


@pytest.mark.parametrize("damaged", ["", "{", "[1]", '["a"]', "[[1, 2, 3]]"])
def test_a_damaged_memory_trusts_nobody(tmp_path, damaged):
    require_trust([USE], ["model.invalid"], "x.yaml")
    (tmp_path / "reply-cache" / "trusted_hosts.json").write_text(damaged)
    with pytest.raises(UntrustedHost):
        require_trust([USE], [], "x.yaml")


@pytest.mark.parametrize(
    ("settings", "uses"),
    [
        ({"endpoint": "https://model.invalid/v1", "api_key_variable": "MY_KEY"}, (USE,)),
        ({"endpoint": "https://model.invalid/v1"}, ()),
        ({"endpoint": "https://api.openai.com/v1"}, ()),  # OPENAI_API_KEY, which goes nowhere else
        ({"endpoint": "https://api.openai.com/v1", "api_key_variable": "A"}, (KeyUse("A", "api.openai.com"),)),
        ({"endpoint": "http://localhost:1/v1", "api_key_variable": "MY_KEY"}, ()),
        ({"endpoint": "https://model.invalid/v1", "api_key_variable": "MY_KEY", "cassette": "c.jsonl"}, ()),
    ],
)
def test_the_keys_that_a_config_sends(settings, uses):
    model = build("language_model", {"model": "m"} | settings)
    assert model.sent_keys() == uses


CONFIG = """\
name: hosted
task: checkability
dataset: public-matters
split: {protocol: grouped_folds, k: 2, by: article}
classifiers:
  - name: language_model
    endpoint: http://model.invalid/v1
    model: m
    retries: 0
    timeout_s: 2
    api_key_variable: MY_KEY
metrics: [f1]
"""


def test_a_run_shows_where_a_key_would_go_and_sends_nothing(harness, tmp_path):
    (tmp_path / "x.yaml").write_text(CONFIG)
    environment = {"MY_KEY": "sk-very-secret-0123456789", "HARNESS_CACHE": str(tmp_path / "c")}
    planned = harness("run", "x.yaml", "--limit", "4", "--dry-run", **environment)
    assert planned.stdout.endswith("would send the key in MY_KEY to model.invalid\n")
    for part in ([], ["--shard", "1/1"]):
        refused = harness("run", "x.yaml", "--limit", "4", *part, **environment)
        assert refused.returncode == 2
        assert "x.yaml: sends the key in MY_KEY to model.invalid; nothing was sent" in refused.stderr
        assert "contacting" not in refused.stderr
    for options in (["--trust-host", "model.invalid"], []):
        sent = harness("run", "x.yaml", "--limit", "4", *options, **environment)
        assert "contacting model.invalid" in sent.stderr
        assert "the connection failed" in sent.stderr
