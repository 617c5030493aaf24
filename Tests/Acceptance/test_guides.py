"""The guides: every command in them is run, in order, as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness import BINARY, free_port

DOCS = Path(__file__).resolve().parents[2] / "docs"


def commands(guide: Path) -> str:
    """The shell blocks of a guide, as one script."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", guide.read_text(), re.MULTILINE | re.DOTALL))


@pytest.fixture
def night(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The bad night, on ports that are free, stopped before its folder is cleaned up."""
    script = commands(DOCS / "mend-a-bad-night.md")
    script = script.replace("7420", str(free_port())).replace("9100", str(free_port()))
    body, cleaning = script.rsplit("\nkill %1 %2", 1)
    (tmp_path / "night.sh").write_text(
        "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"
        + body + "\necho == asked; api \"/tasks/$ASKED\" | jq -c '{status, status_reason}'\n"
        + "echo == pager; cat pager.log\n" + "kill %1 %2" + cleaning)
    clean = {name: os.environ[name] for name in ("LANG",) if name in os.environ}
    tools = f"{BINARY.parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "night.sh"], cwd=tmp_path, env=clean | {"PATH": tools, "HOME": str(tmp_path)}, text=True,
        capture_output=True, timeout=180, check=False)


def test_a_bad_night_is_mended_as_the_guide_says(night: subprocess.CompletedProcess[str], tmp_path: Path) -> None:
    assert night.returncode == 0, night.stdout[-3000:] + night.stderr[-3000:]
    said = night.stdout
    assert "fallback_step_succeeded" in said and "fallback_succeeded" in said
    assert "200 × validation_error from mailer" in said
    assert "completed: 200 of 200" in said
    assert '{"in":200,"out":200,"pending":0}' in said
    assert '== asked\n{"status":"completed"' in said
    pager = said[said.rindex("== pager"):]
    assert "alert.test" in pager
    # One cause is told a few times at most, not two hundred times.
    assert 2 <= pager.count("alert.raised | medium") + pager.count("alert.raised | critical") <= 6
    assert pager.count("alert.resolved") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["night.sh"]
