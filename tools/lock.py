"""`make lock`: resolve pyproject.toml into requirements.lock, for Python 3.11 to 3.13 on any platform, with hashes, and
its runtime part into deploy/requirements.lock, which the image installs.

Versions that still fit are kept; `make lock UPGRADE=1` takes the newest. No registry address is written into the files.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

COMPILE = [
    str(Path(sys.executable).with_name("uv")),
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"),
]
LOCKS = (
    ("--extra", "dev", "--extra", "bench", "--output-file", "requirements.lock", "pyproject.toml"),
    ("--constraint", "requirements.lock", "--output-file", "deploy/requirements.lock", "pyproject.toml"),
)

if __name__ == "__main__":
    upgrade = ["--upgrade"] if os.environ.get("UPGRADE") else []
    for lock in LOCKS:
        done = subprocess.run([*COMPILE, *upgrade, *lock], cwd=ROOT, check=False)
        if done.returncode:
            sys.exit(done.returncode)
