"""What a killed process leaves half come in is removed in time, and nothing else."""

from __future__ import annotations

import os
import time

from hilum.worklist.originals import Originals


def test_what_came_in_yesterday_and_was_not_kept_is_removed(tmp_path):
    """A film that is coming in now stays, and so does all that was kept."""
    originals = Originals(tmp_path)
    kept = originals.keep([b"a film"])
    old, new = originals.incoming(), originals.incoming()
    yesterday = time.time() - 2 * 24 * 3600
    os.utime(old.path, (yesterday, yesterday))

    assert originals.clear_abandoned(older_than_s=24 * 3600) == 1
    assert not old.path.exists()
    assert new.path.exists()
    assert kept.path.read_bytes() == b"a film"
