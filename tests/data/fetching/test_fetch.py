"""A download through Kaggle's library, from a local server that breaks off, lies, and sends damaged bytes."""

from __future__ import annotations

import io
import zipfile

import pytest
from kaggle_server import ZIP

from hilum.data.download import CHUNK_BYTES, PROGRESS_BYTES
from hilum.errors import FetchFailed


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
