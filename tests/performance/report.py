"""What was measured, as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.performance.turns import CONCURRENCY, Measured

NAMES = {
    "ours": "Alert Desk, SQLite",
    "ours-postgres": "Alert Desk, PostgreSQL",
    "bare": "(a) bare aiohttp handler",
    "botbuilder": "(b) botbuilder CloudAdapter, mended",
    "agents": "(c) microsoft-agents-hosting-aiohttp",
}
AIMS = {"bare": 0.5, "agents": 3.0, "botbuilder": 10.0}


def turns(found: Sequence[Measured]) -> str:
    rows, ratios = [], []
    by_name = {one.name: one for one in found}
    for one in found:
        for concurrency in CONCURRENCY:
            row = one.row(concurrency)
            rows.append(
                (
                    NAMES[one.name],
                    concurrency,
                    f"{row['rate']:,.0f} ({row['least']:,.0f}-{row['most']:,.0f})",
                    f"{row['p50']:.2f}",
                    f"{row['p99']:.2f}",
                    f"{row['cpu']:,.0f}",
                    f"{one.memory:.0f}",
                    row["errors"],
                )
            )
    for name, aim in AIMS.items():
        if name in by_name:
            ours, other = by_name["ours"], by_name[name]
            by_rate = [f"{ours.rate(c) / other.rate(c):.2f}" for c in CONCURRENCY]
            by_cpu = [f"{other.row(c)['cpu'] / ours.row(c)['cpu']:.2f}" for c in CONCURRENCY]
            ratios.append((NAMES[name], f"{aim:g}", *by_rate, *by_cpu))
    heads = ("Target", "c", "turns/s, median (min-max)", "p50 ms", "p99 ms", "CPU µs/turn", "RSS MB", "errors")
    return (
        "### Turns: a signed alert.refresh, answered with the card\n\n"
        + _table(heads, rows)
        + "\n\n"
        + _table(
            (
                "Alert Desk on SQLite is … times",
                "aim",
                *(f"turns/s, c={c}" for c in CONCURRENCY),
                *(f"turns per CPU second, c={c}" for c in CONCURRENCY),
            ),
            ratios,
        )
    )


def rates(title: str, unit: str, found: Mapping[str, float]) -> str:
    return f"### {title}\n\n" + _table(("", unit), [(name, f"{rate:,.0f}") for name, rate in found.items()])


def lists(found: Mapping[int, Mapping[str, Mapping[str, float]]]) -> str:
    small, large = sorted(found)
    rows = [
        (
            name,
            *(f"{found[size][name][share]:.1f}" for size in (small, large) for share in ("p50", "p95")),
            f"{found[large][name]['p50'] / found[small][name]['p50']:.1f}",
        )
        for name in found[small]
    ]
    heads = ("ms", *(f"{size:,}: {share}" for size in (small, large) for share in ("p50", "p95")), "p50 grows by")
    return "### Lists, by alerts in the store\n\n" + _table(heads, rows)


def exports(found: Mapping[int, Mapping[str, Any]]) -> str:
    rows = [
        (
            f"{size:,}",
            f"{one['rows_per_second']:,.0f}",
            f"{one['megabytes']:.1f}",
            f"{one['grew']:.1f}",
            f"{one['peak']:.0f}",
        )
        for size, one in found.items()
    ]
    return "### Export\n\n" + _table(("Alerts", "rows/s", "file MB", "memory grew by MB", "peak RSS MB"), rows)


def clicks(found: Mapping[str, float]) -> str:
    row = (f"{found['count']:.0f}", f"{found['p50']:.0f}", f"{found['p95']:.0f}")
    return "### A click on a verdict, with a cloud that answers at once\n\n" + _table(
        ("clicks", "p50 ms", "p95 ms"), [row]
    )


def _table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
