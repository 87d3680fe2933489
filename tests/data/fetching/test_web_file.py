"""A file known by size and SHA-256, from a local server that breaks off, refuses, and sends damaged bytes."""

from __future__ import annotations

import hashlib
import sys

import pytest
from kaggle_server import SIGNATURE, serving

from hilum.data.download import Retries
from hilum.data.web_file import WebFile, fetch_web_file
from hilum.errors import ExtraMissing, FetchFailed, OutputRefused

LOOK = ""  # each attempt looks at the file before it asks for it; both may misbehave


@pytest.fixture
def server(content, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(content) as kaggle:
        yield kaggle


@pytest.fixture
def file(server, content):
    url = f"http://127.0.0.1:{server.port}/weights.onnx?X-Goog-Signature={SIGNATURE}"
    return WebFile(url, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "weights.onnx"


@pytest.fixture
def fetch(file, target):
    """Fetch with short tries; returns the progress that was told."""

    def run(file=file):
        told = []
        retries = Retries(n_tries=3, silence_s=5.0)
        fetch_web_file(
            file, target, progress=lambda *step: told.append(step), retries=retries, sleep=lambda _: None
        )
        return told

    return run


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_file_comes_whole_and_alone(fetch, target, content):
    """With its progress told to the last byte, and nothing left beside it."""
    told = fetch()

    assert target.read_bytes() == content
    assert told[-1] == (len(content), len(content))
    assert names_in(target.parent) == ["weights.onnx"]


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(fetch, server, target, content):
    """The second request asks for the rest only."""
    server.faults = [LOOK, f"break {1 << 20}"]

    fetch()

    assert target.read_bytes() == content
    assert server.ranges == [None, None, None, f"bytes={1 << 20}-"]


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(fetch, server, target, content):
    """Three transfers that break off at once use up the tries; what came first is kept."""
    server.faults = [LOOK, f"break {1 << 20}", *[LOOK, "status 503"] * 2]

    with pytest.raises(FetchFailed, match=r"in a row; the 1\.0 MB that came are kept"):
        fetch()
    assert not target.exists()
    fetch()

    assert target.read_bytes() == content
    assert server.ranges[-1] == f"bytes={1 << 20}-"


def test_damaged_bytes_never_get_the_name(fetch, server, target):
    """They are removed, so that the next run begins anew."""
    server.faults = [LOOK, "damage"]

    with pytest.raises(FetchFailed, match="came damaged; it was removed; run the same command again"):
        fetch()

    assert names_in(target.parent) == []


def test_another_file_is_told_by_its_size_before_it_is_read(fetch, server, target, content):
    """A server whose file has grown is not asked for it."""
    server.content = content + b"more"

    with pytest.raises(FetchFailed, match=r"has 4,\d+,\d+ bytes, not 4,\d+,\d+"):
        fetch()

    assert len(server.ranges) == 1


def test_a_page_is_no_file(fetch, server):
    """A network that wants one to sign in answers everything with a page."""
    server.content_type = "text/html; charset=utf-8"

    with pytest.raises(FetchFailed, match="a page instead of a file; does this network ask to sign in"):
        fetch()


def test_a_file_that_is_gone_is_not_asked_for_again(fetch, server):
    """HTTP 404 will not go away by itself."""
    server.faults = ["status 404"]

    with pytest.raises(FetchFailed, match=r"refuses the file \(HTTP 404\)"):
        fetch()
    assert len(server.ranges) == 1


def test_a_machine_without_a_network_names_the_server(fetch, file, server):
    """Nobody listens at port 9 here."""
    closed = WebFile("http://127.0.0.1:9/weights.onnx", file.n_bytes, file.sha256)

    with pytest.raises(FetchFailed, match=r"127\.0\.0\.1 cannot be reached; is this machine on the internet"):
        fetch(closed)


def test_a_file_that_is_there_is_checked_and_nobody_is_asked(fetch, server):
    """The second run needs no network."""
    fetch()
    server.ranges.clear()

    fetch()

    assert server.ranges == []


def test_a_damaged_file_that_is_there_is_named_and_kept(fetch, target, content):
    """Nothing of the user's is deleted unasked."""
    target.parent.mkdir()
    target.write_bytes(content[:-1] + b"?")

    with pytest.raises(FetchFailed, match=r"weights\.onnx is damaged; delete it"):
        fetch()

    assert target.read_bytes() == content[:-1] + b"?"


def test_a_cache_that_is_a_file_is_refused(fetch, target):
    """It names the folder that it could not make."""
    target.parent.write_text("not a folder")

    with pytest.raises(OutputRefused, match="cache: cannot be made"):
        fetch()


def test_without_the_http_library_the_extra_is_named(fetch, monkeypatch):
    """It comes with the extra that fetches."""
    monkeypatch.setitem(sys.modules, "requests", None)

    with pytest.raises(ExtraMissing, match=r"-e '\.\[fetch\]'"):
        fetch()
