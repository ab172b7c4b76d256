"""`make lock`: resolve pyproject.toml into requirements.lock, for Python 3.11 to 3.13 on any platform, with hashes.

Versions that still fit are kept; `make lock UPGRADE=1` takes the newest. No registry address is written into the file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

COMMAND = [
    str(Path(sys.executable).with_name("uv")),
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"),
    *("--extra", "dev", "--extra", "bench", "--output-file", "requirements.lock", "pyproject.toml"),
]

if __name__ == "__main__":
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    sys.exit(subprocess.run([*COMMAND, *upgrade], cwd=ROOT, check=False).returncode)
