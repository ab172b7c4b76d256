"""From where partners stand to the dashboard's view. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.chat.presenter import severity_view
from bot.domain.alerts import RESPONSE_TARGET
from bot.domain.people import Partner
from bot.domain.response_clock import REQUIRED, Answers, Standing, Tiles, forecast
from bot.domain.scores import SecurityScore
from bot.texts import dashboard as texts
from bot.texts import en, formats
from cards import actions
from cards.charts import ChartView, Limit, Point
from cards.dashboard import DashboardView, PartnerRow, Tile
from cards.views import Button, Level, Line, Tone

ROWS_MOST = 7
TYPES_SAID = 4
"""Named in words; the chart has more of them."""
_LEVEL_TONES: Mapping[Level, Tone] = {
    "high": "attention",
    "medium": "warning",
    "low": "accent",
    "informational": "subtle",
    "unknown": "default",
}


def dashboard_view(
    standing: Standing,
    partners: Sequence[Partner],
    scores: Mapping[str, SecurityScore],
    words: str,
    choices: Mapping[str, str],
    until: str = "",
) -> DashboardView:
    """`partners` are those of `standing`, in its order, and `scores` what is known of theirs. `words` select them in a
    list (empty: all that may be seen). `choices` has the words for each partner that may be seen to be shown alone, by
    tenant id; `until` is what was asked for, as words."""
    tiles = standing.together
    answers = tiles.answers
    of = dict(standing.partners)
    several = len(partners) > 1
    alone = scores.get(partners[0].tenant_id) if not several else None
    return DashboardView(
        title=texts.TITLE,
        subtitle=texts.as_of(standing.now, [partner.name for partner in partners]),
        tiles=(
            Tile(texts.average(answers), texts.AVERAGE_TILE, _tone(answers)),
            Tile(formats.number(tiles.waiting.count), texts.UNRESOLVED_TILE),
            Tile(formats.number(tiles.new), texts.NEW_TILE),
            Tile(formats.number(tiles.reasoned), texts.REASONED_TILE),
        ),
        clock_title=texts.CLOCK,
        clock=_clock(tiles, standing),
        clock_tone=_tone(answers),
        microsoft=None if several else _microsoft(alone, answers),
        rows_title=texts.BY_PARTNER,
        rows=tuple(
            _row(
                partner,
                of[partner.tenant_id],
                scores.get(partner.tenant_id),
                _joined(choices[partner.tenant_id], until),
            )
            for partner in sorted(partners, key=lambda each: _slowness(of[each.tenant_id]), reverse=True)[:ROWS_MOST]
        )
        if several
        else (),
        more=texts.more_partners(len(partners) - ROWS_MOST) if len(partners) > ROWS_MOST else "",
        charts=_charts(standing, tiles),
        lines=tuple(Line(said) for said in _in_words(standing, tiles)),
        requirement=texts.REQUIREMENT,
        buttons=(
            Button(texts.SHOW_UNRESOLVED, verb=actions.LIST_PAGE, data={"words": _joined("unresolved test:no", words)}),
            Button(texts.REFRESH, verb=actions.DASHBOARD_SHOW, data={"words": _joined(words, until)}),
            Button(texts.EXPORT, verb=actions.EXPORT_RUN, data={"words": _joined("all since:30d test:no", words)}),
            *_switches(partners, choices, until),
        ),
        hint=texts.HINT,
        fallback_text=texts.fallback(tiles),
    )


def _clock(tiles: Tiles, standing: Standing) -> tuple[Line, ...]:
    """After the first sentence they look ahead."""
    now, *ahead = texts.clock_lines(tiles, standing.now, standing.until)
    expected = forecast(tiles.remaining, tiles.waiting, standing.until)
    late = expected is not None and expected * 3600 > REQUIRED.total_seconds()
    return (Line(now), *(Line(said, "attention" if late else "default") for said in ahead))


def _switches(partners: Sequence[Partner], choices: Mapping[str, str], until: str) -> list[Button]:
    """Back to all of them; each one is reached from there."""
    if len(partners) > 1 or len(choices) == 1:
        return []
    return [Button(texts.ALL_PARTNERS, verb=actions.DASHBOARD_SHOW, data={"words": until}, secondary=True)]


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def _slowness(tiles: Tiles) -> tuple[float, int]:
    return tiles.answers.average_hours or 0.0, tiles.waiting.count


def _row(partner: Partner, tiles: Tiles, score: SecurityScore | None, words: str) -> PartnerRow:
    microsoft = score.average_response_hours if score is not None else None
    return PartnerRow(
        partner.name,
        Line(texts.average(tiles.answers), _tone(tiles.answers)),
        texts.partner_detail(tiles, microsoft),
        Button(texts.open_partner(partner.name), verb=actions.DASHBOARD_SHOW, data={"words": words}),
    )


def _microsoft(score: SecurityScore | None, answers: Answers) -> Line:
    if score is None or score.average_response_hours is None:
        return Line(texts.NOT_READ, "subtle")
    return Line(texts.microsofts(score.average_response_hours, answers.average_hours, score.refreshed_at))


def _tone(answers: Answers) -> Tone:
    if answers.meets(REQUIRED) is False:
        return "attention"
    return "good" if answers.meets(RESPONSE_TARGET) else "default"


def _in_words(standing: Standing, tiles: Tiles) -> list[str]:
    said = [texts.days_line(tiles.days)] if len(tiles.days) > 1 else []
    if standing.severities:
        named = [(en.severity_word(share.word), share.count) for share in standing.severities]
        said.append(texts.shares(texts.SEVERITY_CHART, named, standing.other_severities))
    if standing.types:
        named = [(share.word or en.UNKNOWN, share.count) for share in standing.types[:TYPES_SAID]]
        left_out = sum(share.count for share in standing.types[TYPES_SAID:])
        said.append(texts.shares(texts.TYPE_CHART, named, standing.other_types + left_out))
    return said


def _charts(standing: Standing, tiles: Tiles) -> tuple[ChartView, ...]:
    days = tuple(
        Point(
            formats.day(day.day),
            day.answers.average_hours or 0.0,
            texts.of_day(day.answers),
            _tone(day.answers),
            day.day.isoformat(),
        )
        for day in tiles.days
    )
    limits = (
        Limit(texts.REQUIRED_LINE, REQUIRED.total_seconds() / 3600, "attention"),
        Limit(texts.RECOMMENDED_LINE, RESPONSE_TARGET.total_seconds() / 3600, "good"),
    )
    severities = tuple(
        _share(en.severity_word(share.word), share.count, _LEVEL_TONES[severity_view(share.word).level])
        for share in standing.severities
    )
    types = tuple(_share(share.word or en.UNKNOWN, share.count) for share in standing.types)
    return (
        ChartView("line", texts.BY_DAY_CHART, days, limits, texts.AVERAGE, texts.HOURS),
        ChartView("donut", texts.SEVERITY_CHART, severities + _others(standing.other_severities)),
        ChartView("bars", texts.TYPE_CHART, types + _others(standing.other_types)),
    )


def _others(count: int) -> tuple[Point, ...]:
    return (_share(texts.OTHERS, count, "subtle"),) if count > 0 else ()


def _share(name: str, count: int, tone: Tone = "default") -> Point:
    return Point(name, count, formats.number(count), tone)
