"""Property tests of this room are not timed: the machine may be busy with a training."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
