"""`make dist`: wheel and source archive into dist/, and a look into both: the product is in, the sandbox is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
NEEDED = (
    "bot/__main__.py",
    "bot/app.py",
    "bot/package_data/teams_app/color.png",
    "bot/package_data/teams_app/manifest.json",
    "bot/package_data/teams_app/outline.png",
    "cards/__init__.py",
)


def main() -> int:
    """Build both and check them; 1 when something is wrong, said in one line each."""
    shutil.rmtree(DIST, ignore_errors=True)
    # No isolation: the build runs with the locked hatchling of .venv and downloads nothing.
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST)], cwd=ROOT, check=False
    )
    if built.returncode != 0:
        return built.returncode
    problems = [problem for archive in sorted(DIST.iterdir()) for problem in _problems(archive)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _problems(archive: Path) -> list[str]:
    names = _names(archive)
    missing = [f"{archive.name}: {name} is missing" for name in NEEDED if name not in names]
    stray = [
        f"{archive.name}: {name} must not be in it" for name in names if name.startswith(("bot/sandbox", "tests/"))
    ]
    return missing + stray


def _names(archive: Path) -> list[str]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.namelist()
    with tarfile.open(archive) as source:
        return [name.partition("/")[2] for name in source.getnames()]


if __name__ == "__main__":
    sys.exit(main())
