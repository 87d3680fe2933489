"""`hilum export`: what is mistyped is told before anything heavy is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from hilum.cli.main import cli


@pytest.mark.parametrize("words", [["nowhere"], ["films", "--judged-by", "nowhere"]])
def test_a_run_that_is_not_there_is_told_in_plain_words(tmp_path, monkeypatch, words):
    """One line and exit status 2, without the system's error number."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films").mkdir()
    (tmp_path / "films/run.json").write_text('{"settings": {}, "data_hash": "", "commit": ""}')

    result = CliRunner().invoke(cli, ["export", *words, "--out", "bundle"])

    assert result.exit_code == 2
    assert result.stderr.startswith("error: nowhere: no such folder")
    assert "Errno" not in result.output
    assert not (tmp_path / "bundle").exists()


def test_torch_is_not_loaded_to_find_no_folder(tmp_path):
    """The answer to a slip of the finger does not take seconds."""
    code = (
        "import sys\n"
        "from hilum.cli.main import cli\n"
        "try: cli(['export', 'nowhere', '--out', 'bundle'])\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert done.stderr.splitlines()[-1] == "False"
