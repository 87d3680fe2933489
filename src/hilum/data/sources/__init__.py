"""The datasets Hilum can import, by name; plug-ins join through the entry-point group `hilum.datasets`.

Listing imports nothing. `SOURCES.load(name)()` gives a `hilum.data.source.Source`.
"""

from __future__ import annotations

from hilum.registry import Registry

SOURCES = Registry(
    "dataset",
    "hilum.datasets",
    {
        "folder": "hilum.data.sources.folder:FolderSource",
        "india": "hilum.data.sources.india:IndiaSource",
        "jsrt": "hilum.data.sources.jsrt:JsrtSource",
        "montgomery": "hilum.data.sources.montgomery:MontgomerySource",
        "montgomery-shenzhen": "hilum.data.sources.montgomery_shenzhen:MontgomeryShenzhenSource",
        "phantom": "hilum.data.sources.phantom:PhantomSource",
        "shenzhen": "hilum.data.sources.shenzhen:ShenzhenSource",
    },
)
