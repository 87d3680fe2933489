"""Where the machine's own Chromium is, which the tests drive and never download."""

from __future__ import annotations

import os
from pathlib import Path

CHROMIUM = Path(os.environ.get("HILUM_CHROMIUM", "/usr/bin/chromium"))
