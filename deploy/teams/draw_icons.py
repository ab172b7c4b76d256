"""Draws the app's two icons into bot/package_data/teams_app: python deploy/teams/draw_icons.py

Teams asks for a square colour icon of 192 x 192 whose symbol keeps to the middle 96 x 96, and a white outline of
32 x 32 on nothing. https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "bot" / "package_data" / "teams_app"
ACCENT = (0x5B, 0x5F, 0xC7)
WHITE = (255, 255, 255)
SAMPLES = 6

Point = tuple[float, float]
Pixel = tuple[int, int, int, int]


def _curve(a: Point, b: Point, c: Point, d: Point, steps: int = 12) -> list[Point]:
    """Points of a cubic Bézier curve, without its first."""
    found = []
    for step in range(1, steps + 1):
        t = step / steps
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = (sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
        found.append((x, y))
    return found


_RIGHT = [(0.5, 0.02), (0.92, 0.18), (0.92, 0.5), *_curve((0.92, 0.5), (0.92, 0.74), (0.74, 0.9), (0.5, 0.98))]
SHIELD = [*_RIGHT, *((1 - x, y) for x, y in reversed(_RIGHT[1:-1]))]
"""A shield in a square of side 1, y downwards."""


def _inside(x: float, y: float) -> bool:
    found = False
    for (ax, ay), (bx, by) in zip(SHIELD, SHIELD[1:] + SHIELD[:1], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            found = not found
    return found


def _from_edge(x: float, y: float) -> float:
    """Distance to the shield's edge."""
    nearest = math.inf
    for (ax, ay), (bx, by) in zip(SHIELD, SHIELD[1:] + SHIELD[:1], strict=True):
        dx, dy = bx - ax, by - ay
        along = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
        nearest = min(nearest, math.hypot(x - ax - along * dx, y - ay - along * dy))
    return nearest


def _mark(x: float, y: float) -> bool:
    """An exclamation mark in the middle of the shield."""
    bar = math.hypot(x - 0.5, y - max(0.3, min(0.53, y))) <= 0.062
    return bar or math.hypot(x - 0.5, y - 0.71) <= 0.07


def _cover(x: int, y: int, side: float, offset: float, drawn: Callable[[float, float], bool]) -> float:
    """How much of the pixel is drawn on, 0 to 1, where the unit square is `side` pixels wide and starts at `offset`."""
    hits = sum(
        drawn((x + (i + 0.5) / SAMPLES - offset) / side, (y + (j + 0.5) / SAMPLES - offset) / side)
        for i in range(SAMPLES)
        for j in range(SAMPLES)
    )
    return hits / SAMPLES**2


def colour(size: int = 192) -> list[list[Pixel]]:
    """A white shield on the accent colour, its mark cut out, in the middle half."""
    side, offset = size / 2, size / 4

    def pixel(x: int, y: int) -> Pixel:
        within = offset <= x < size - offset and offset <= y < size - offset
        cover = _cover(x, y, side, offset, lambda u, v: _inside(u, v) and not _mark(u, v)) if within else 0.0
        red, green, blue = (round(a + (w - a) * cover) for a, w in zip(ACCENT, WHITE, strict=True))
        return red, green, blue, 255

    return [[pixel(x, y) for x in range(size)] for y in range(size)]


def outline(size: int = 32) -> list[list[Pixel]]:
    """The shield's edge and its mark, white on nothing."""
    side, offset = size - 4.0, 2.0

    def drawn(x: float, y: float) -> bool:
        return _mark(x, y) or (_inside(x, y) and _from_edge(x, y) <= 0.075)

    return [[(*WHITE, round(255 * _cover(x, y, side, offset, drawn))) for x in range(size)] for y in range(size)]


def png(rows: list[list[Pixel]]) -> bytes:
    """A PNG file with 8 bits a channel, RGBA. https://www.w3.org/TR/png-3/"""
    raw = b"".join(b"\0" + b"".join(bytes(pixel) for pixel in row) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(raw, 9)) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


if __name__ == "__main__":
    (TARGET / "color.png").write_bytes(png(colour()))
    (TARGET / "outline.png").write_bytes(png(outline()))
