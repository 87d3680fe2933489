"""`hilum screen`: a row a film, on standard output and in the folder, whatever the films are."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from bundles import write_dicom_film, write_film, write_tiny_bundle
from hilum.cli.main import cli
from hilum.cli.screen_folder import ResultFolder
from hilum.inference.row import KEYS


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    """The tiny bundle's folder."""
    return write_tiny_bundle(tmp_path_factory.mktemp("cli") / "tiny").folder


@pytest.fixture
def films(tmp_path) -> Path:
    """A folder of two good films, one cut short, and a text."""
    folder = tmp_path / "films"
    write_film(folder / "plain.png")
    write_film(folder / "spot.jpg", has_spot=True)
    content = (folder / "plain.png").read_bytes()
    (folder / "cut.png").write_bytes(content[: len(content) // 2])
    (folder / "readme.txt").write_text("not a film")
    return folder


@pytest.fixture
def screen(bundle):
    """Runs the command in this process, with the tiny bundle."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli, ["screen", "--bundle", str(bundle), *map(str, arguments)])

    return run


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a table that was written."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shell(bundle: Path, *arguments: str | Path, **options) -> subprocess.Popen[str]:
    """Starts the command as a process of its own.

    It hears Ctrl-C even where the tests run behind a shell's `&`, and so do not.
    """
    words = [sys.executable, "-m", "hilum.cli.main", "screen", "--bundle", bundle, *arguments]
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )
    finally:
        signal.signal(signal.SIGINT, heard)


def test_json_is_an_array_with_the_promised_keys(screen, films):
    """Standard output parses as it is, a row a film, in order."""
    result = screen(films, "--json")
    rows = json.loads(result.stdout)

    assert [Path(row["file"]).name for row in rows] == ["cut.png", "plain.png", "spot.jpg"]
    assert all(tuple(row) == KEYS for row in rows)
    assert [row["status"] for row in rows] == ["refused", "scored", "scored"]


def test_no_films_scored_is_still_an_array(screen, tmp_path):
    """A path that leads nowhere is a row, not an error."""
    result = screen(tmp_path / "nowhere", "--json")

    assert [row["code"] for row in json.loads(result.stdout)] == ["not-found"]
    assert result.exit_code == 1


def test_a_refused_film_makes_the_exit_status_1(screen, films):
    """Scripts see that something was refused."""
    assert screen(films).exit_code == 1
    assert screen(films / "plain.png", films / "spot.jpg").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["a.png", "--json", "--csv"], "--json and --csv exclude one another"),
        (["a.png", "--parquet"], "--parquet needs --out"),
        (["a.png", "--threshold", "1.5"], "1.5 is not in the range"),
        (["a.png", "--threshold", "nan"], "nan is not a number"),
        (["a.png", "--jobs", "0"], "0 is not in the range"),
        (["a.png", "--min-age", "-1"], "-1"),
        ([""], "an empty name"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_film(screen, arguments, message):
    """A usage error is exit status 2, with its reason."""
    result = screen(*arguments)

    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_an_unknown_bundle_is_one_line(films):
    """No traceback, no row, exit status 2."""
    result = CliRunner().invoke(cli, ["screen", "--bundle", "no-such", str(films), "--json"])

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: no bundle is called 'no-such'")


def test_the_table_is_for_reading(screen, films):
    """Without a form, each film is a line, a refusal two; the sum is told on standard error."""
    result = screen(films)

    assert "damaged: " in result.stdout
    assert (
        [line.split()[0] for line in result.stdout.splitlines() if "plain.png" in line][0]
        .replace(".", "")
        .isdigit()
    )
    assert "3 films in" in result.stderr
    assert "1 refused" in result.stderr
    assert "1 other file in the folders passed over" in result.stderr


def test_csv_has_a_header_and_empty_cells(screen, films):
    """The same rows as CSV; what is null is empty."""
    rows = list(csv.DictReader(screen(films, "--csv").stdout.splitlines()))

    assert tuple(rows[0]) == KEYS
    assert (rows[0]["code"], rows[0]["score"], rows[0]["flagged"]) == ("damaged", "", "")
    assert (rows[1]["code"], rows[1]["flagged"]) == ("", "false")


def test_a_threshold_of_ones_own_flags(screen, films):
    """At a cut of 0 every scored film is flagged."""
    rows = json.loads(screen(films, "--json", "--threshold", "0").stdout)

    assert [row["flagged"] for row in rows] == [None, True, True]
    assert {row["threshold"] for row in rows} == {0.0}


def test_the_folder_holds_table_pictures_and_page(screen, films, tmp_path):
    """CSV where nothing was asked for, a picture a scored film, and the page; nothing else stays."""
    out = tmp_path / "out"
    screen(films, "--out", out)

    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "heat-maps/plain.png", "heat-maps/spot.png", "screening.csv", "screening.html"]  # fmt: skip
    assert len(read_csv(out / "screening.csv")) == 3
    with Image.open(out / "heat-maps/spot.png") as picture:
        assert picture.size == (200, 200)


def test_heat_maps_can_be_left_out(screen, films, tmp_path):
    """The page and the table are written alone."""
    screen(films, "--out", tmp_path / "out", "--no-heat-maps")

    assert not (tmp_path / "out" / "heat-maps").exists()
    assert (tmp_path / "out" / "screening.html").is_file()


def test_json_in_the_folder_is_what_was_printed(screen, films, tmp_path):
    """The file and standard output say the same."""
    result = screen(films, "--json", "--out", tmp_path / "out")

    assert json.loads((tmp_path / "out/screening.json").read_text()) == json.loads(result.stdout)


def test_parquet_has_types(screen, films, tmp_path):
    """Numbers are numbers and flags are flags; nulls stay nulls."""
    import pyarrow.parquet as pq

    result = screen(films, "--parquet", "--out", tmp_path / "out")
    table = pq.read_table(tmp_path / "out/screening.parquet")

    assert tuple(table.column_names) == KEYS
    assert table.column("score").to_pylist()[0] is None
    assert [str(table.schema.field(name).type) for name in ("score", "flagged")] == ["double", "bool"]
    assert result.stdout == ""


def test_films_of_one_name_get_a_picture_each(screen, tmp_path):
    """`a/film.png`, `b/film.jpg`, and `c/film.png` do not write over one another."""
    for name in ("a/film.png", "b/film.jpg", "c/film.png", "d/film-2.png"):
        write_film(tmp_path / "films" / name, side=120)
    screen(tmp_path / "films", "--out", tmp_path / "out")

    assert sorted(path.name for path in (tmp_path / "out/heat-maps").iterdir()) == [
        "film-2-2.png", "film-2.png", "film-3.png", "film.png"]  # fmt: skip


def test_strange_names_survive(screen, tmp_path):
    """Letters of any script, line ends, quotes, markup, and bytes that are no text."""
    names = [
        "胸部 рентген é.png",
        "two\nlines.png",
        '"quoted", <b>.png',
        "-dash.png",
        os.fsdecode(b"\xff\xfe.png"),
    ]
    for name in names:
        write_film(tmp_path / "films" / name, side=120)
    result = screen(tmp_path / "films", "--json", "--out", tmp_path / "out")
    rows = json.loads(result.stdout)
    page = (tmp_path / "out/screening.html").read_text(encoding="utf-8")

    assert result.exit_code == 0
    assert {Path(row["file"]).name for row in rows} == set(names)
    assert len(list((tmp_path / "out/heat-maps").iterdir())) == len(names)
    assert "<b>.png" not in page


def test_a_second_run_replaces_the_first(screen, films, tmp_path):
    """What an earlier run wrote is gone, its pictures too."""
    screen(films, "--out", tmp_path / "out", "--json")
    screen(films / "plain.png", "--out", tmp_path / "out")

    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == [
        "plain.png", "screening.csv", "screening.html"]  # fmt: skip


def test_a_killed_run_is_replaced(screen, films, tmp_path):
    """A draft of a table marks the pictures beside it as ours, and goes with them."""
    write_film(tmp_path / "out/heat-maps/old.png", side=20)
    (tmp_path / "out/.screening.csv.77.part").write_text("file,status")
    screen(films / "plain.png", "--out", tmp_path / "out")

    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == [
        "plain.png", "screening.csv", "screening.html"]  # fmt: skip


def test_somebodys_own_pictures_are_not_replaced(screen, films, tmp_path):
    """A `heat-maps` folder without a screening beside it is not ours to empty."""
    own = write_film(tmp_path / "out/heat-maps/holiday.png", side=20)
    result = screen(films, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "choose another --out" in result.stderr
    assert own.is_file()


def test_a_folder_that_cannot_be_written_to_keeps_its_results(screen, films, tmp_path, monkeypatch):
    """An earlier screening's pictures are taken away only once the new table has its place."""
    screen(films, "--out", tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    monkeypatch.setattr(ResultFolder, "_open_table", refuse_writing)  # permissions do not bind root
    result = screen(films, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {tmp_path / 'out'}: cannot be written to: Permission denied")
    assert result.stdout == ""
    assert len(before) == 4
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def refuse_writing(folder, form):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_folder_is_one_line(screen, films, tmp_path):
    """No film is read, and nothing is printed."""
    (tmp_path / "out").mkdir(mode=0o555)
    result = screen(films, "--json", "--out", tmp_path / "out")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {tmp_path / 'out'}: cannot be written to")


def test_pictures_that_cannot_be_taken_away_leave_no_draft(screen, films, tmp_path, monkeypatch):
    """A refusal halfway leaves the earlier table, and no half of a new one."""
    screen(films, "--out", tmp_path / "out")
    monkeypatch.setattr(ResultFolder, "_clear", refuse_writing)
    result = screen(films, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "heat-maps", "screening.csv", "screening.html"]  # fmt: skip


def test_markup_in_names_and_headers_stays_text(screen, tmp_path):
    """What a file is called, and what its DICOM header says, cannot put a script into the page."""
    script = "<script>alert(1)</script>"
    films = tmp_path / "films"
    write_film(films / "<img src=x onerror=alert(2)>.png")
    write_film(films / '" onmouseover="alert(3).png')
    write_dicom_film(films / "turned.dcm", PatientOrientation=["<B>", "<SCRIPT>"])
    write_dicom_film(films / "colour.dcm", PhotometricInterpretation=script)
    write_dicom_film(films / "other.dcm", Modality=script, NumberOfFrames=2)
    rows = json.loads(screen(films, "--json", "--out", tmp_path / "out").stdout)
    page = (tmp_path / "out/screening.html").read_text(encoding="utf-8")
    told = HtmlTold()
    told.feed(page)

    assert [row["status"] for row in rows].count("scored") == 3
    assert "(<SCRIPT>ALERT(1)</SCRIPT>)" in told.text  # the reason is shown, as text
    assert "turned or mirrored (<B>\\<SCRIPT>)" in told.text
    assert "<img src=x onerror=alert(2)>.png" in told.text
    assert told.tags["script"] == 1  # the page's own
    assert told.tags["img"] == 3  # heat maps
    assert not {name for name in told.attributes if name.startswith("on")}


class HtmlTold(HTMLParser):
    """What a browser would make of a page: its text, how many elements of each kind, and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data) -> None:
        self.text += data


def test_a_file_cannot_be_the_folder(screen, films):
    """--out at a film leaves the film as it is."""
    before = (films / "plain.png").read_bytes()
    result = screen(films, "--out", films / "plain.png")

    assert result.exit_code == 2
    assert "cannot be written to" in result.stderr
    assert (films / "plain.png").read_bytes() == before


def test_results_inside_the_films_are_not_screened(screen, films):
    """--out below the folder of films does not feed on itself, in a second run either."""
    for _ in range(2):
        rows = json.loads(screen(films, "--json", "--out", films / "out").stdout)

    assert len(rows) == 3


def test_the_folder_of_films_is_not_written_to(screen, films):
    """--out at the films themselves is refused before anything is read."""
    result = screen(films, "--out", films)

    assert result.exit_code == 2
    assert "choose another --out" in result.stderr
    assert not (films / "screening.csv").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line(bundle, films):
    """Rows that cannot be written end the run with a sentence and status 2."""
    with Path("/dev/full").open("w") as full:
        words = [
            sys.executable,
            "-m",
            "hilum.cli.main",
            "screen",
            "--bundle",
            str(bundle),
            str(films),
            "--csv",
        ]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output cannot be written to")


def test_the_films_are_left_as_they_are(screen, films, tmp_path):
    """Nothing is written into the folder of films."""
    before = {path: path.read_bytes() for path in films.iterdir()}
    screen(films, "--out", tmp_path / "out")

    assert {path: path.read_bytes() for path in films.iterdir()} == before


def test_standard_output_is_clean_below_python_too(bundle, films, tmp_path):
    """What a C library writes to standard output while films are read does not reach the array."""
    noisy = tmp_path / "sitecustomize.py"
    noisy.write_text(
        "import os, hilum.inference.predictor as predictor\n"
        "real = predictor.read_radiograph\n"
        "def read(path, **options):\n"
        "    os.write(1, b'a remark of a C library\\n')\n"
        "    print('a remark of Python')\n"
        "    return real(path, **options)\n"
        "predictor.read_radiograph = read\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    out, err = shell(bundle, films, "--json", env=environment).communicate(timeout=120)

    assert len(json.loads(out)) == 3
    assert "a remark of a C library" in err
    assert "a remark of Python" in err


def test_a_reader_that_leaves_is_no_traceback(bundle, tmp_path):
    """`hilum screen ... | head -1` ends quietly, with whole rows in the folder."""
    for place in range(30):
        write_film(tmp_path / "films" / f"{place:02}.png", side=400)
    process = shell(bundle, tmp_path / "films", "--out", tmp_path / "out", "--jobs", "1")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    _, err = process.communicate(timeout=120)
    rows = read_csv(tmp_path / "out/screening.csv")

    assert "Traceback" not in err
    assert rows
    assert all(row["status"] == "scored" and row["bundle"] == "tiny 0.1" for row in rows)


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_whole_rows(bundle, tmp_path, number, status):
    """After Ctrl-C, or `kill`, the table holds what was read, the array is closed, and the page says so."""
    film = write_film(tmp_path / "film.png", side=900)
    for place in range(400):
        (tmp_path / "films").mkdir(exist_ok=True)
        os.link(film, tmp_path / "films" / f"{place:03}.png")
    process = shell(bundle, tmp_path / "films", "--json", "--out", tmp_path / "out", "--jobs", "2")
    heat_maps = tmp_path / "out/heat-maps"
    for _ in range(2400):
        if heat_maps.is_dir() and len(list(heat_maps.iterdir())) > 3:
            break
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    printed, written = json.loads(out), json.loads((tmp_path / "out/screening.json").read_text())

    assert process.returncode == status
    assert "Traceback" not in err
    assert printed == written[: len(printed)]  # a row is written before it is printed
    assert 0 < len(written) < 400
    assert "stopped before its end" in (tmp_path / "out/screening.html").read_text()


def test_the_hot_path_is_light(bundle, films):
    """Screening loads no torch, plotting, or data frames; pyarrow and jinja2 only where they are used."""
    code = (
        "import sys\n"
        "from hilum.cli.main import cli\n"
        f"try: cli(['screen', '--bundle', {str(bundle)!r}, {str(films)!r}])\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())

    assert "onnxruntime" in loaded
    assert (
        loaded & {"torch", "matplotlib", "pandas", "scipy", "sklearn", "pyarrow", "jinja2", "onnx"} == set()
    )


@pytest.mark.shared
def test_real_and_odd_films_are_rows(screen, shared):
    """Twenty real DICOM films and ten odd ones: a row each, none a fault of ours."""
    films = sorted((shared / "data/rsna-dicom").glob("*.dcm"))[:20]
    odd = sorted(path for path in (shared / "data/dicom-odd").iterdir() if not path.name.startswith("."))
    rows = json.loads(screen(*films, *odd, "--json").stdout)

    assert len(rows) == len(films) + len(odd)
    assert "failed" not in {row["code"] for row in rows}
