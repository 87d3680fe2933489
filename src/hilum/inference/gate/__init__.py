"""The gate: which films get no score, and why.

Each reason names the measurement and its limit, so that the person at the station can act on it; docs/gate.md
says how. `benchmarks/gate` measures every limit again, on any films and with any bundle.
"""

from hilum.inference.gate.door import Admitted, Gate
from hilum.inference.gate.film import VIEW_WORDS, check_film
from hilum.inference.gate.limits import GateLimits
from hilum.inference.gate.lungs import QUARTER_TURNS, check_lungs, check_upright, find_lungs

__all__ = ["Admitted", "Gate", "GateLimits", "QUARTER_TURNS", "VIEW_WORDS", "check_film", "check_lungs",
           "check_upright", "find_lungs"]  # fmt: skip
