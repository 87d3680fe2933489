"""`hilum serve` before it runs: what it refuses, in one line, and what it makes of its options."""

from __future__ import annotations

import fcntl
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hilum.cli.main import cli
from hilum.cli.serve_folder import locked_folder
from hilum.cli.serve_people import administrator_from_environment, demo_administrator
from hilum.cli.serve_settings import ServeJob, web_settings
from hilum.errors import SettingsInvalid, StationRefused
from hilum.web.accounts.passwords import Passwords
from hilum.worklist.migrating import migrate
from hilum.worklist.states import Role
from hilum.worklist.station import Station, StationSettings
from hilum.worklist.tables import Person

JOB = ServeJob(
    demo=False,
    port=0,
    host="127.0.0.1",
    folder=Path("hilum-data"),
    database_url=None,
    bundle=None,
    n_workers=1,
    site="",
    tls_certificate=None,
    tls_key=None,
    behind_proxy=False,
    trusted_proxies=(),
    allowed_hosts=(),
    allow_plain_http=False,
    settings_path=None,
    opens_browser=False,
)


@pytest.fixture
def station(tmp_path):
    """An open station with its tables."""
    made = Station(StationSettings(folder=tmp_path / "station"))
    migrate(made.database)
    yield made
    made.close()


def run(*words):
    return CliRunner().invoke(cli, ["serve", *map(str, words)])


def told(result):
    """The one line of an error."""
    assert result.exit_code == 2, result.output
    lines = result.output.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_off_the_loopback_plain_http_is_refused(tmp_path):
    """Passwords and films would pass the network in the clear."""
    assert "in the clear" in told(run("--host", "0.0.0.0", "--data", tmp_path / "s"))


def test_a_port_that_is_taken_is_told(tmp_path):
    """With the way to another."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        line = told(run("--port", other.getsockname()[1], "--data", tmp_path / "s"))

    assert "--port" in line


def test_a_host_that_is_not_ours_is_told(tmp_path):
    """A documentation address (RFC 5737) is no machine's."""
    assert "192.0.2.1" in told(run("--host", "192.0.2.1", "--allow-plain-http", "--data", tmp_path / "s"))


def test_a_folder_that_is_a_file_is_told(tmp_path):
    """Nothing is overwritten."""
    (tmp_path / "s").write_text("x")

    assert "cannot be used" in told(run("--port", 0, "--data", tmp_path / "s"))


def test_a_folder_that_another_server_has_is_told(tmp_path):
    """With its process."""
    with locked_folder(tmp_path / "s"):
        line = told(run("--port", 0, "--data", tmp_path / "s"))

    assert "another hilum serve" in line


def test_a_lock_that_a_dead_server_left_stops_nobody(tmp_path):
    """The file is there, and nobody holds it."""
    with locked_folder(tmp_path):
        pass

    with locked_folder(tmp_path), (tmp_path / "serve.lock").open() as file, pytest.raises(OSError, match="."):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_a_killed_server_left_on_the_way_is_removed(tmp_path):
    """Spooled uploads hold films."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "spooled").write_bytes(b"x")
    with locked_folder(tmp_path):
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_newer_database_is_told(tmp_path):
    """The other version is to be installed."""
    station = Station(StationSettings(folder=tmp_path / "s"))
    migrate(station.database)
    with station.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'from-the-future'")
    station.close()

    assert "newer" in told(run("--port", 0, "--data", tmp_path / "s"))


def test_a_database_that_is_none_of_ours_is_told(tmp_path):
    """By its name."""
    assert "mysql" in told(run("--port", 0, "--data", tmp_path / "s", "--database", "mysql://x/y"))


def test_an_unknown_bundle_is_told(tmp_path):
    """With those that ship."""
    assert "hilum-base" in told(run("--port", 0, "--data", tmp_path / "s", "--bundle", "hilum-bass"))


def test_a_certificate_needs_its_key(tmp_path):
    """And both have to be there."""
    (tmp_path / "c.pem").write_text("x")

    assert "--tls-key" in told(run("--tls-certificate", tmp_path / "c.pem"))
    assert "k.pem" in told(run("--tls-certificate", tmp_path / "c.pem", "--tls-key", tmp_path / "k.pem"))


def test_a_certificate_that_is_none_is_told(tmp_path):
    """OpenSSL's reason, in one line."""
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).write_text("x")
    line = told(
        run(
            "--port",
            0,
            "--data",
            tmp_path / "s",
            "--tls-certificate",
            tmp_path / "c.pem",
            "--tls-key",
            tmp_path / "k.pem",
        )
    )

    assert "certificate" in line


def test_on_the_loopback_no_code_is_asked_for():
    """One is at the machine; behind a proxy one is not."""
    assert web_settings(JOB).start_code is None
    assert web_settings(replace(JOB, behind_proxy=True)).start_code
    assert web_settings(replace(JOB, host="0.0.0.0", allow_plain_http=True)).start_code


def test_cookies_travel_by_tls_where_there_is_tls(tmp_path):
    """Here, or at the proxy; and not where plain HTTP was asked for, since nobody could log in."""
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).write_text("x")
    with_tls = replace(JOB, host="0.0.0.0", tls_certificate=tmp_path / "c.pem", tls_key=tmp_path / "k.pem")

    assert web_settings(with_tls).is_https
    assert web_settings(replace(JOB, behind_proxy=True)).is_https
    assert not web_settings(JOB).is_https
    assert not web_settings(replace(JOB, host="0.0.0.0", allow_plain_http=True)).is_https


def test_nobody_s_forwarded_headers_are_believed_without_a_proxy():
    """Or whoever guesses passwords would choose their own address."""
    assert JOB.proxies == ()
    assert replace(JOB, behind_proxy=True).proxies == ("127.0.0.1", "::1")
    assert replace(JOB, behind_proxy=True, trusted_proxies=("10.0.0.2",)).proxies == ("10.0.0.2",)
    with pytest.raises(StationRefused, match="--behind-proxy"):
        web_settings(replace(JOB, trusted_proxies=("10.0.0.2",)))


def test_a_settings_file_sets_sessions_and_single_sign_on(tmp_path, monkeypatch):
    """The secret comes from the environment."""
    path = tmp_path / "serve.toml"
    path.write_text(
        'most_upload_bytes = 1000\n[sessions]\nidle_s = 60\n[oidc]\nissuer = "https://id.example"\n'
        'client_id = "hilum"\n[[oidc.roles]]\nvalue = "tb"\nrole = "reader"\n'
    )
    monkeypatch.setenv("HILUM_OIDC_CLIENT_SECRET", "hidden")
    settings = web_settings(replace(JOB, settings_path=path))

    assert settings.sessions.idle_s == 60.0
    assert settings.most_upload_bytes == 1000
    assert settings.oidc is not None
    assert (settings.oidc.client_secret, settings.oidc.roles[0].role) == ("hidden", "reader")


@pytest.mark.parametrize(
    "text",
    [
        "sesions = 1",
        "[sessions]\nidle_s = 'x'",
        "[oidc]\nissuer = 'x'",
        "[oidc]\nissuer='x'\nclient_id='y'\n[[oidc.roles]]\nvalue='z'\nrole='service'",
    ],
)
def test_a_settings_file_that_cannot_be_is_told_by_its_key(tmp_path, text):
    """Unknown, mistyped, missing, or a role that nobody gets by single sign-on."""
    path = tmp_path / "serve.toml"
    path.write_text(text)

    with pytest.raises(SettingsInvalid):
        web_settings(replace(JOB, settings_path=path))


def test_the_environment_gives_the_administrator(station, monkeypatch, tmp_path):
    """The password from a file, its first line; at a second start it is there already."""
    (tmp_path / "password").write_text("four words go here\n")
    monkeypatch.setenv("HILUM_ADMINISTRATOR", "Ada")
    monkeypatch.setenv("HILUM_PASSWORD_FILE", str(tmp_path / "password"))
    administrator_from_environment(station)
    administrator_from_environment(station)

    with station.database.reading() as session:
        ada = session.scalars(select(Person)).one()
    assert (ada.login, ada.role) == ("ada", Role.ADMINISTRATOR)
    assert Passwords().is_right("four words go here", ada.password_hash)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"HILUM_PASSWORD": "short"},
        {"HILUM_PASSWORD_FILE": "/nowhere/file"},
        {"HILUM_PASSWORD": "password1234"},
    ],
)
def test_an_administrator_without_a_good_password_is_told(station, monkeypatch, environment):
    """None, a weak one, or a file that is not there."""
    monkeypatch.setenv("HILUM_ADMINISTRATOR", "ada")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(StationRefused, match="HILUM_"):
        administrator_from_environment(station)


def test_a_demo_prints_a_new_password_at_each_start(station):
    """It is no secret that stands in the manual, and the old one is no longer good."""
    lines = []
    demo_administrator(station, tell=lines.append)
    demo_administrator(station, tell=lines.append)
    first, second = (line.rpartition(" ")[2] for line in lines)

    with station.database.reading() as session:
        kept = session.scalars(select(Person)).one().password_hash
    assert not Passwords().is_right(first, kept)
    assert Passwords().is_right(second, kept)


def test_a_demo_makes_no_administrator_beside_another(station, monkeypatch):
    """A station that has one keeps its own way in."""
    monkeypatch.setenv("HILUM_ADMINISTRATOR", "ada")
    monkeypatch.setenv("HILUM_PASSWORD", "four words go here")
    administrator_from_environment(station)
    demo_administrator(station, tell=lambda line: pytest.fail(line))
