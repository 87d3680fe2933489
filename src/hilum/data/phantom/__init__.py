"""Seeded chest films of made-up people: rays through matter, TB-like findings in known places, three sites.

`build_phantom` draws one film in memory, `write_phantoms` writes a set; the same seed gives the same bytes.
"""

from hilum.data.phantom.cohort import FileForm, Mix
from hilum.data.phantom.film import Phantom, build_phantom
from hilum.data.phantom.lesion import Pattern
from hilum.data.phantom.site import Site
from hilum.data.phantom.writing import Layout, write_phantoms

__all__ = ["FileForm", "Layout", "Mix", "Pattern", "Phantom", "Site", "build_phantom", "write_phantoms"]
