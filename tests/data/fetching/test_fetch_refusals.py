"""What a fetch says where it cannot go on: token, terms, network, disk; and what the command prints."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from click.testing import CliRunner
from kaggle_server import KEY, NAME, SIGNATURE, TOKEN, ZIP

import hilum.data.kaggle
from hilum.data.fetch import fetch_dataset
from hilum.data.manifest import read_manifest
from hilum.errors import FetchFailed, HilumError, NameUnknown, OutputRefused, TokenMissing


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "rejects the token"),
        (403, "accept the terms if it asks"),
        (404, "no dataset at https://www.kaggle.com/datasets/kmader/pulmonary-chest-xray-abnormalities"),
        (418, "refuses the request"),
    ],
)
def test_a_refusal_has_its_own_message_and_is_not_repeated(kaggle, fetch, waits, status, words):
    """Trying again would not help, and the message says what would."""
    kaggle.api_answers = [status]

    with pytest.raises(FetchFailed, match=words):
        fetch()
    assert waits == []


def test_too_many_requests_wait_as_long_as_the_server_asks(kaggle, fetch, waits):
    """429 with Retry-After in seconds."""
    kaggle.api_answers, kaggle.retry_after = [429], "17"
    fetch()

    assert waits == [17.0]


def test_a_wait_given_as_a_date_is_understood(kaggle, fetch, waits):
    """Retry-After may be a date; an hour is cut to the ten minutes that a person waits."""
    kaggle.api_answers = [503]
    kaggle.retry_after = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    fetch()

    assert waits == [600.0]


def test_a_server_in_trouble_is_tried_again_with_longer_waits(kaggle, fetch, waits):
    """500 three times in a row is given up, with the count."""
    kaggle.api_answers = [500, 502, 500]

    with pytest.raises(FetchFailed, match=r"HTTP 500\), 3 times in a row"):
        fetch()
    assert waits == [1.0, 2.0]


def test_no_network_is_told_after_the_tries(kaggle, fetch, monkeypatch):
    """Nothing listens at the address."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    with pytest.raises(FetchFailed, match="proxy to the internet cannot be reached"):
        fetch()


def test_an_unreachable_kaggle_is_told(kaggle, fetch, monkeypatch):
    """Without a proxy, nothing listens at http://localhost in a test."""
    monkeypatch.setattr("requests.sessions.Session.send", _unreachable)

    with pytest.raises(FetchFailed, match="is this machine on the internet"):
        fetch()


def _unreachable(self, request, **settings):
    import requests

    raise requests.ConnectionError(f"Max retries exceeded with url: {request.url} {request.headers}")


def test_a_silent_api_is_given_up(kaggle, fetch, monkeypatch):
    """The library itself would wait for ever."""
    let_go = threading.Event()
    monkeypatch.setattr("hilum.data.kaggle._ask", lambda dataset: let_go.wait(5))
    with pytest.raises(FetchFailed, match="did not answer within 0 s"):
        fetch(answer_s=0.05)
    let_go.set()


def test_without_a_token_the_message_says_how_to_get_one_and_what_to_do_without(
    kaggle, fetch, monkeypatch, capsys
):
    """The library prints and exits; the user gets one sentence instead."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    with pytest.raises(TokenMissing) as error:
        fetch()

    for words in (
        "Generate New Token",
        "access_token",
        "KAGGLE_API_TOKEN",
        f"hilum data import {ZIP} --out DIR",
    ):
        assert words in str(error.value)
    assert capsys.readouterr() == ("", "")


def test_a_token_in_the_users_folder_is_found(kaggle, fetch, monkeypatch, library_home):
    """~/.kaggle/access_token, as Kaggle's site says."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    folder = library_home / ".kaggle"
    folder.mkdir(exist_ok=True)
    (folder / "access_token").write_text(TOKEN + "\n")
    try:
        assert fetch().is_new
    finally:
        (folder / "access_token").unlink()


@pytest.mark.parametrize("where", ["environment", "kaggle.json"])
def test_an_older_key_is_taken_too(kaggle, fetch, monkeypatch, library_home, where):
    """kaggle.json, or KAGGLE_USERNAME and KAGGLE_KEY."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    settings = library_home / "config" / "kaggle.json"
    if where == "environment":
        monkeypatch.setenv("KAGGLE_USERNAME", "reader")
        monkeypatch.setenv("KAGGLE_KEY", KEY)
    else:
        settings.write_text(json.dumps({"username": "reader", "key": KEY}))
        settings.chmod(0o600)
    try:
        assert fetch().is_new
    finally:
        settings.unlink(missing_ok=True)


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejected_token_is_told_from_a_missing_one(kaggle, fetch, status):
    """The library passes over a token that Kaggle calls invalid, as if there were none."""
    kaggle.introspect_status = status

    with pytest.raises(FetchFailed, match="rejects the token"):
        fetch()


@pytest.mark.parametrize(
    "trouble",
    [
        {"api_answers": [401]},
        {"api_answers": [403]},
        {"api_answers": [500] * 9},
        {"introspect_status": 403},
        {"faults": ["status 403"] * 9},
    ],
)
def test_no_message_holds_the_token_or_the_signature(kaggle, fetch, monkeypatch, capsys, caplog, trouble):
    """Not with the library's own verbose switch either, which prints every header."""
    library = sys.modules["kaggle"]
    monkeypatch.setattr(library.KaggleApi, "args", ["--local", "--verbose"])
    for name, value in trouble.items():
        setattr(kaggle, name, value)
    with caplog.at_level("DEBUG", logger="hilum"), pytest.raises(FetchFailed) as error:
        fetch()
    printed = capsys.readouterr()
    everything = f"{error.value} {error.value.__cause__} {printed.out} {printed.err} {caplog.text}"

    assert not any(secret in everything for secret in (TOKEN, KEY, SIGNATURE))


def test_a_disk_that_is_too_small_is_told_before_a_byte_is_written(kaggle, fetch, tmp_path, monkeypatch):
    """The size is known from the first answer."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 50, 50))

    with pytest.raises(OutputRefused, match=r"GB are to come, and 0.0 GB are free"):
        fetch()
    assert kaggle.ranges == []
    assert list((tmp_path / "out").iterdir()) == []


def test_an_output_that_is_a_file_is_refused(tmp_path):
    """Before any question to Kaggle."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(OutputRefused, match="cannot be made"):
        fetch_dataset(NAME, tmp_path / "file")


@pytest.mark.parametrize(
    ("missing", "words"),
    [("kaggle", r"pip install -c constraints.txt -e '\.\[fetch\]'"), ("six", "pip install six")],
)
def test_a_missing_package_is_named(kaggle, fetch, monkeypatch, missing, words):
    """The extra, or the part that Kaggle's library needs and forgets to declare."""

    def absent(dataset):
        raise hilum.data.kaggle._missing(ModuleNotFoundError(name=missing))

    monkeypatch.setattr("hilum.data.kaggle._ask", absent)
    with pytest.raises(HilumError, match=words):
        fetch()


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    """The list is short, and a slip is likely."""
    with pytest.raises(NameUnknown, match="did you mean 'montgomery-shenzhen'"):
        fetch_dataset("montgomery-shenzen", tmp_path)


def command(*arguments):
    from hilum.cli.data_fetch import data_fetch

    return CliRunner().invoke(data_fetch, list(arguments))


def test_the_command_tells_what_it_did_and_what_comes_next(kaggle, tmp_path):
    """Progress goes to standard error, and the next command is named."""
    result = command(NAME, "--out", str(tmp_path))

    assert result.exit_code == 0, result.output
    assert f"next: hilum data import {tmp_path / ZIP} --out DIR" in result.stdout
    assert "downloading" in result.stderr
    assert "checking the films" in result.stderr


def test_the_command_unpacks_when_told(kaggle, tmp_path):
    """The films come out beside the zip; Thumbs.db stays in."""
    result = command(NAME, "--out", str(tmp_path), "--unpack")
    films = sorted(path.name for path in tmp_path.rglob("*.png"))

    assert result.exit_code == 0, result.output
    assert films == [f"CHNCXR_000{number}_0.png" for number in range(4)]
    assert not list(tmp_path.rglob("Thumbs.db"))


def test_the_command_raises_what_the_main_command_turns_into_a_line(kaggle, tmp_path, monkeypatch):
    """No token: a HilumError, not a traceback of the library's."""
    monkeypatch.delenv("KAGGLE_API_TOKEN")

    assert isinstance(command(NAME, "--out", str(tmp_path)).exception, HilumError)


def test_a_fetched_zip_is_imported_when_told(kaggle, shared, tmp_path):
    """From the server to the manifest in one command, with the development copy of the real zip."""
    kaggle.content = (shared / "data" / ZIP).read_bytes()
    result = command(NAME, "--out", str(tmp_path), "--import")

    assert result.exit_code == 0, result.output
    assert len(read_manifest(tmp_path / "manifest.parquet")) == 550
