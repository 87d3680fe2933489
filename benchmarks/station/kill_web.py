"""kill -9 of `hilum serve` and its workers while films are uploaded by HTTP; see benchmarks/worklist/kill.py.

`python benchmarks/station/kill_web.py --films FOLDER --kills 200 --database postgresql --workers 4`.
A film counts as accepted when its upload was answered 200 and the answer says that it was taken; the sender
repeats what was not answered, as a browser's person would.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import httpx

from hilum.cli.serve_job import ServeJob, run_with
from hilum.cli.serve_settings import web_settings
from hilum.settings import build_settings, settings_as_table
from hilum.worklist.station import StationSettings

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "worklist"))
import kill

PASSWORD = "four words go here"
SERVER_SHARE = 0.5  # of the kills: here the server is what is looked at


class WebServer(kill.PlainServer):
    """`hilum serve`, with uploads by its page's form."""

    def __init__(self, settings: StationSettings) -> None:
        super().__init__(settings)
        self._browser: httpx.Client | None = None
        self._csrf = ""
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start it, or start it again, and log in."""
        with self._lock:
            environment = {**os.environ, "HILUM_ADMINISTRATOR": "ada", "HILUM_PASSWORD": PASSWORD}
            told = json.dumps(settings_as_table(self._settings))
            self._process = subprocess.Popen(
                [sys.executable, "-u", __file__, "--serve", told], env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
            )  # fmt: skip
            assert self._process.stdout is not None
            address = re.search(r"http://\S+", self._process.stdout.readline())
            assert address is not None, "the server did not start"
            browser = httpx.Client(base_url=address[0], headers={"Accept": "text/html"}, timeout=60)
            browser.post("/login", data={"login": "ada", "password": PASSWORD})
            self._csrf = re.search(r'name="csrf" value="([\w-]+)"', browser.get("/account").text)[1]
            self._browser = browser

    def send(self, path: Path) -> bool:
        """Whether the upload was answered, and the film taken; not held back while the server is killed."""
        browser = self._browser
        assert browser is not None
        try:
            with path.open("rb") as film:
                answer = browser.post(
                    "/upload", data={"csrf": self._csrf}, files={"films": (path.name, film)}
                )
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def stop(self) -> None:
        """As its keeper would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()


def serve(told: str) -> None:
    """Be the server."""
    station = build_settings(json.loads(told), StationSettings, where="kill", folder=Path())
    job = ServeJob(
        demo=False, port=0, host="127.0.0.1", folder=station.folder, database_url=None, bundle=None,
        n_workers=1,
        site="", tls_certificate=None, tls_key=None, behind_proxy=False, trusted_proxies=(), allowed_hosts=(),
        allow_plain_http=False, settings_path=None, opens_browser=False,
    )  # fmt: skip
    run_with(job, replace(web_settings(job), station=station))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
    else:
        kill.SERVER_SHARE = SERVER_SHARE
        kill.main(WebServer)
