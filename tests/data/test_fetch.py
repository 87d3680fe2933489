"""Fetching goes through Kaggle's own library to a local server that breaks off, lies, and refuses."""

from __future__ import annotations

import importlib
import io
import json
import shutil
import sys
import warnings
import zipfile
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
from click.testing import CliRunner
from kaggle_server import KEY, SIGNATURE, TOKEN, serving

import hilum.data.kaggle
from hilum.data.download import CHUNK_BYTES, PROGRESS_BYTES, Retries
from hilum.data.fetch import FetchPlan, fetch_dataset
from hilum.errors import FetchFailed, HilumError, NameUnknown, OutputRefused, TokenMissing

NAME = "montgomery-shenzhen"
ZIP = "pulmonary-chest-xray-abnormalities.zip"


@pytest.fixture(scope="module")
def content():
    """A zip of four mebibytes, so that a transfer has many chunks."""
    chance = np.random.default_rng(0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for number in range(4):
            archive.writestr(f"set/CXR_png/CHNCXR_000{number}_0.png", chance.bytes(1 << 20))
        archive.writestr("set/CXR_png/Thumbs.db", b"junk")
    return stream.getvalue()


@pytest.fixture(scope="module")
def library_home(tmp_path_factory):
    """Kaggle's library, imported anew with its own switch for a local server, away from the user's token."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        patch.setenv("KAGGLE_CONFIG_DIR", str(home / "config"))
        patch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
        warnings.simplefilter("ignore")  # of the library's own imports
        for name in [name for name in sys.modules if name.partition(".")[0] == "kaggle"]:
            patch.delitem(sys.modules, name)
        importlib.import_module("kaggle")
        yield home


@pytest.fixture
def kaggle(content, library_home, monkeypatch):
    """The server, and the environment that leads the library to it with a good token."""
    with serving(content) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def fetch(tmp_path, waits):
    """Fetch into a folder with short tries, noting the waits instead of waiting."""

    def run(**settings):
        retries = Retries(n_tries=settings.pop("n_tries", 3), silence_s=settings.pop("silence_s", 5.0))
        plan = FetchPlan(retries=retries, sleep=waits.append, **settings)
        return fetch_dataset(NAME, tmp_path / "out", plan=plan)

    return run


def files_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_zip_comes_whole_and_checked(kaggle, fetch, tmp_path, content):
    """Size, MD5, and every entry's checksum are compared, and only the zip is left."""
    fetched = fetch()

    assert fetched.zip_path.read_bytes() == content
    assert (fetched.is_new, fetched.checks) == (True, ("size", "MD5", "checksum of every entry"))
    assert files_in(tmp_path / "out") == [ZIP]


def test_the_library_is_asked_through_its_own_api(kaggle, fetch):
    """The token is checked, the dataset asked for, and the storage never sees the token."""
    fetch()

    assert "/api/v1/security.OAuthService/IntrospectToken" in kaggle.requests
    assert kaggle.requests[-1] == "/api/v1/datasets.DatasetApiService/DownloadDataset"
    assert set(kaggle.storage_authorizations) == {None}


def test_a_zip_that_is_there_is_checked_and_kept_without_asking(kaggle, fetch):
    """The second run needs no network."""
    fetch()
    kaggle.requests.clear()
    again = fetch()

    assert not again.is_new
    assert kaggle.requests == []


def test_a_damaged_zip_that_is_there_is_named_and_not_overwritten(kaggle, fetch, tmp_path, content):
    """The user may want to look at it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ZIP).write_bytes(content[:1000])

    with pytest.raises(FetchFailed, match="no whole zip; move it away"):
        fetch()
    assert (tmp_path / "out" / ZIP).read_bytes() == content[:1000]


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(kaggle, fetch, content, waits):
    """Two breaks: each request asks for the rest only; half a chunk that came is lost with the connection."""
    kaggle.faults = [f"break {20 * CHUNK_BYTES}", f"break {10.5 * CHUNK_BYTES:.0f}"]
    fetched = fetch()

    assert fetched.zip_path.read_bytes() == content
    assert kaggle.ranges == [None, f"bytes={20 * CHUNK_BYTES}-", f"bytes={30 * CHUNK_BYTES}-"]
    assert waits == [1.0, 2.0]


def test_progress_begins_the_count_of_tries_anew(kaggle, fetch, content):
    """Six breaks with a mebibyte between every other are no reason to give up after three tries."""
    kaggle.faults = [f"break {PROGRESS_BYTES // 2}"] * 6
    fetched = fetch(n_tries=3)

    assert fetched.zip_path.read_bytes() == content


def test_after_too_many_breaks_what_came_is_kept_and_the_next_run_resumes(kaggle, fetch, tmp_path, content):
    """The message says how much is there and to run again; the second run asks for the rest."""
    kaggle.faults = [f"break {9 * CHUNK_BYTES}", "break 0", "break 0"]
    with pytest.raises(FetchFailed, match=r"3 times in a row; the 0.6 MB that came are kept; run the same"):
        fetch()
    assert files_in(tmp_path / "out") == [f"{ZIP}.part", f"{ZIP}.part.json"]
    kaggle.ranges.clear()
    fetched = fetch()

    assert kaggle.ranges == [f"bytes={9 * CHUNK_BYTES}-"]
    assert fetched.zip_path.read_bytes() == content
    assert files_in(tmp_path / "out") == [ZIP]


def test_a_part_of_an_older_file_is_not_added_to(kaggle, fetch, content):
    """Another ETag means another file: the transfer begins anew."""
    kaggle.faults = ["break 500000", "break 0", "break 0"]
    with pytest.raises(FetchFailed):
        fetch()
    kaggle.etag = '"second"'
    kaggle.ranges.clear()

    assert fetch().zip_path.read_bytes() == content
    assert kaggle.ranges == [None]


def test_without_an_etag_every_attempt_begins_anew(kaggle, fetch, content):
    """Nothing proves that the part belongs to the file."""
    kaggle.etag = None
    kaggle.faults = ["break 1500000"]

    assert fetch().zip_path.read_bytes() == content
    assert kaggle.ranges == [None, None]


@pytest.mark.parametrize("fault", ["no range", "wrong range", "status 416", "too much"])
def test_a_server_that_mishandles_ranges_does_not_damage_the_file(kaggle, fetch, content, fault):
    """The whole where a part was asked for, another part, none, or too much: the file is right in the end."""
    kaggle.faults = ["break 1500000", fault]

    assert fetch().zip_path.read_bytes() == content


@pytest.mark.parametrize("status", [403, 410])
def test_an_address_that_ran_out_is_asked_for_anew(kaggle, fetch, content, status):
    """Signed addresses last some hours; the API gives another."""
    kaggle.faults = [f"break {20 * CHUNK_BYTES}", f"status {status}"]

    assert fetch().zip_path.read_bytes() == content
    assert kaggle.ranges[-1] == f"bytes={20 * CHUNK_BYTES}-"


def test_a_storage_in_trouble_is_tried_again(kaggle, fetch, content):
    """503 passes."""
    kaggle.faults = ["status 503", "status 500"]

    assert fetch().zip_path.read_bytes() == content


def test_a_server_that_falls_silent_is_left_and_resumed(kaggle, fetch, content):
    """No byte for a while ends the attempt, and the rest is asked for again."""
    kaggle.faults = ["silent"]

    assert fetch(silence_s=0.3).zip_path.read_bytes() == content
    assert kaggle.ranges[-1] == f"bytes={len(content) // 2 // CHUNK_BYTES * CHUNK_BYTES}-"


def test_damaged_bytes_are_found_by_the_md5_and_removed(kaggle, fetch, tmp_path, content):
    """A byte changed on the way; nothing damaged stays, and a second run is clean."""
    kaggle.faults = ["damage"]
    with pytest.raises(FetchFailed, match="MD5"):
        fetch()

    assert files_in(tmp_path / "out") == []
    assert fetch().zip_path.read_bytes() == content


def test_damaged_bytes_are_found_by_the_films_own_checksums(kaggle, fetch, tmp_path):
    """Without an MD5 the zip's own checksums tell, by name."""
    kaggle.states_md5 = False
    stream = io.BytesIO(kaggle.content)
    with zipfile.ZipFile(stream) as archive:
        offset = archive.infolist()[2].header_offset + 5000
    kaggle.content = kaggle.content[:offset] + b"\0\1\2\3" + kaggle.content[offset + 4 :]

    with pytest.raises(FetchFailed, match=r"1 entries .* damaged \(set/CXR_png/CHNCXR_0002_0.png\)"):
        fetch()
    assert files_in(tmp_path / "out") == []


def test_what_is_no_zip_is_refused(kaggle, fetch, tmp_path):
    """A file of the stated size that is something else."""
    kaggle.content = b"not a zip" * 100

    with pytest.raises(FetchFailed, match="no whole zip"):
        fetch()
    assert files_in(tmp_path / "out") == []


def test_a_page_instead_of_a_file_is_told(kaggle, fetch):
    """A hotel's or hospital's network asks to sign in first."""
    kaggle.content_type = "text/html; charset=utf-8"

    with pytest.raises(FetchFailed, match="a page instead of a file"):
        fetch()


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
    import threading

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
    assert files_in(tmp_path / "out") == []


def test_an_output_that_is_a_file_is_refused(tmp_path):
    """Before any question to Kaggle."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(OutputRefused, match="cannot be made"):
        fetch_dataset(NAME, tmp_path / "file")


@pytest.mark.parametrize(
    ("missing", "words"), [("kaggle", r"pip install 'hilum\[fetch\]'"), ("six", "pip install six")]
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
    assert (tmp_path / "manifest.parquet").is_file()
    assert "shenzhen: 550 of 662 films" in result.stdout
