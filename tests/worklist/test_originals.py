"""Bytes are kept as they came, whole or not at all."""

from __future__ import annotations

import hashlib

import pytest

from hilum.worklist.originals import Originals


def test_bytes_are_kept_under_their_hash(tmp_path):
    """What is read back is what came."""
    kept = Originals(tmp_path).keep([b"one", b"two"])

    assert kept.sha256 == hashlib.sha256(b"onetwo").hexdigest()
    assert (kept.path.read_bytes(), kept.n_bytes) == (b"onetwo", 6)


def test_the_same_bytes_again_are_one_file(tmp_path):
    """The second copy takes the first one's place."""
    originals = Originals(tmp_path)
    first, second = originals.keep([b"film"]), originals.keep([b"fi", b"lm"])

    assert first == second
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 1


def test_a_transfer_that_breaks_off_leaves_nothing(tmp_path):
    """Half a film is no film."""

    def broken():
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Originals(tmp_path).keep(broken())

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_is_kept_and_stays_where_it_is(tmp_path):
    """The sender's file is not taken away."""
    source = tmp_path / "film"
    source.write_bytes(b"film")
    kept = Originals(tmp_path / "kept").keep_file(source)

    assert (source.exists(), kept.path.read_bytes()) == (True, b"film")
