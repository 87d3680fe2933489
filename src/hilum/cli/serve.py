"""`hilum serve`: the reading station, on one port, with all that it needs.

Exit statuses: 0 stopped by SIGTERM or Ctrl-C, 2 an error that keeps it from starting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

DEFAULT_FOLDER = Path("hilum-data")  # as of `hilum node`
DEMO_FOLDER = Path("hilum-demo")
DEFAULT_PORT = 8000


@click.command(short_help="Run the reading station: a worklist in the browser.")
@click.option("--demo", is_flag=True, help="Fill a station of its own with made-up films to play with.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True,
              help="Listen here; 0 takes a free port.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Listen at this address; 0.0.0.0 for every one.")  # fmt: skip
@click.option("--data", "folder", type=click.Path(path_type=Path), metavar="DIR",
              help=f"The station's folder.  [default: {DEFAULT_FOLDER}, or {DEMO_FOLDER}]")  # fmt: skip
@click.option("--database", "database_url", metavar="URL", envvar="HILUM_DATABASE",
              help="PostgreSQL; without it, a SQLite file in the folder.")  # fmt: skip
@click.option("--bundle", metavar="NAME_OR_DIR", help="Read with this bundle.  [default: hilum-base]")
@click.option("--workers", "n_workers", type=click.IntRange(1, 256), default=1, show_default=True,
              metavar="N", help="Processes that read films, each on a core of its own.")  # fmt: skip
@click.option("--site", default="", metavar="NAME", help="Of films that name no site.")
@click.option("--tls-certificate", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Serve HTTPS with this certificate chain (PEM).")  # fmt: skip
@click.option("--tls-key", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The certificate's key (PEM).")  # fmt: skip
@click.option("--behind-proxy", is_flag=True,
              help="Believe the X-Forwarded headers of a proxy that speaks HTTPS to the world.")  # fmt: skip
@click.option("--trusted-proxy", "trusted_proxies", multiple=True, metavar="ADDRESS",
              help="The proxy's address or network.  [default: 127.0.0.1 and ::1]")  # fmt: skip
@click.option("--allowed-host", "allowed_hosts", multiple=True, metavar="NAME",
              help="A name that browsers know this station by; the machine's own names are.")  # fmt: skip
@click.option("--allow-plain-http", is_flag=True,
              help="Off the loopback, passwords and films then pass the network in the clear.")  # fmt: skip
@click.option("--settings", "settings_path", type=click.Path(path_type=Path, dir_okay=False),
              metavar="SERVE.TOML", help="Sessions, limits, and single sign-on.")  # fmt: skip
@click.option("--node", "has_node", is_flag=True,
              help="Take films by DICOM too; see `hilum node`.")  # fmt: skip
@click.option("--node-settings", type=click.Path(path_type=Path, dir_okay=False), metavar="NODE.TOML",
              help="The node's settings: its port, who may call, where results go.")  # fmt: skip
@click.option("--open", "opens_browser", is_flag=True, help="Open the page in this machine's browser.")
def serve(**options: Any) -> None:
    """Run the reading station until Ctrl-C: films in, scores and worklist in the browser.

    One command starts everything: database, workers, pages, and API.
    The first start asks for an administrator in the browser, or takes the one that HILUM_ADMINISTRATOR and
    HILUM_PASSWORD (or HILUM_PASSWORD_FILE) name.
    Without --host only this machine can reach it; docs/serve.md has TLS, PostgreSQL, and back-up.
    """
    options["folder"] = options["folder"] or (DEMO_FOLDER if options["demo"] else DEFAULT_FOLDER)
    from hilum.cli.serve_job import ServeJob, run

    run(ServeJob(**options))
