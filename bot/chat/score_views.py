"""From scores and counted customers to what their card shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.links import microsoft_link
from bot.domain.people import Partner
from bot.domain.scores import Census, CustomerMfa, Requirement, ScorePoint, SecurityScore, corners, turns
from bot.services.scores import Known, Sheet
from bot.texts import en
from bot.texts import scores as texts
from cards import actions
from cards.charts import ChartView, Limit, Point
from cards.score import ScoreGroup, ScoreRow, ScoreView
from cards.views import Button, Fact, Line, Tone

PAGE = 8
_REQUIREMENTS_MOST = 12
_CHANGES = 4


def score_view(
    partner: Partner,
    sheet: Known[Sheet],
    census: Known[Census],
    names: Mapping[str, str],
    *,
    page: int = 1,
    several: bool = False,
) -> ScoreView:
    """One partner's. `page` is that of its customers, `several`: there are others to go back to."""
    known = sheet.value
    buttons = _buttons(partner, census.value, page, several=several)
    if known is None:
        return _unread(partner, sheet, buttons)
    score = known.score
    lines = [Line(texts.refreshed(score.refreshed_at), "subtle")]
    if sheet.problem and sheet.at is not None:
        lines.append(Line(texts.outdated(sheet.at, sheet.problem), "warning"))
    return ScoreView(
        heading=texts.title(partner.name),
        status=Line(texts.standing(score), tone(score), strong=True),
        lines=(*lines, Line(texts.missed(score), strong=True)),
        groups=(_requirements(score), *_history(known.history, score), _customers(census, names, page)),
        buttons=buttons,
        fallback_text=texts.fallback(partner.name, score),
    )


def scores_view(sheets: Sequence[tuple[Partner, Known[Sheet]]]) -> ScoreView:
    """All partners', each a row that opens its own."""
    rows = tuple(_partner_row(partner, sheet) for partner, sheet in sheets)
    return ScoreView(
        heading=texts.TITLE,
        status=Line(texts.BY_MICROSOFT),
        lines=(),
        groups=(ScoreGroup(en.PARTNER, rows=rows),),
        buttons=(Button(texts.REFRESH, verb=actions.SCORE_SHOW, data={"fresh": True}),),
        fallback_text=texts.fallback_all(len(rows)),
    )


def tone(score: SecurityScore) -> Tone:
    if score.current is None or not score.requirements:
        return "default"
    return "warning" if score.missed else "good"


def _unread(partner: Partner, sheet: Known[Sheet], buttons: tuple[Button, ...]) -> ScoreView:
    said = texts.unread(partner.name, sheet.problem) if sheet.problem else texts.READING_LINE
    return ScoreView(
        heading=texts.title(partner.name),
        status=Line(texts.UNREAD, "warning") if sheet.problem else Line(texts.READING, "accent"),
        lines=(Line(said),),
        groups=(),
        buttons=buttons,
        fallback_text=texts.fallback_unread(partner.name),
    )


def _partner_row(partner: Partner, sheet: Known[Sheet]) -> ScoreRow:
    open_it = Button(texts.SHOW, verb=actions.SCORE_SHOW, data={"partner": partner.tenant_id})
    if sheet.value is None:
        status = Line(texts.UNREAD, "warning") if sheet.problem else Line(texts.READING, "accent")
        return ScoreRow(partner.name, status, sheet.problem or texts.READING_LINE, open_it)
    score = sheet.value.score
    status = Line(texts.standing(score), tone(score), strong=True)
    return ScoreRow(partner.name, status, f"{texts.missed(score)}. {texts.refreshed(score.refreshed_at)}", open_it)


def _requirements(score: SecurityScore) -> ScoreGroup:
    worst_first = sorted(score.requirements, key=lambda each: (each.is_preview, each.met is True))
    rows = tuple(_requirement(each) for each in worst_first[:_REQUIREMENTS_MOST])
    left_out = len(worst_first) - len(rows)
    none = () if rows else (Line(texts.NO_REQUIREMENTS),)
    return ScoreGroup(texts.REQUIREMENTS, lines=none, rows=rows, more=en.more(left_out) if left_out else "")


def _requirement(of: Requirement) -> ScoreRow:
    link = microsoft_link(of.action_url) or microsoft_link(of.help_url)
    tones: dict[bool | None, Tone] = {True: "good", False: "subtle" if of.is_preview else "attention", None: "default"}
    shown = Line(texts.met(of), tones[of.met], strong=of.met is False and not of.is_preview)
    return ScoreRow(
        texts.requirement(of), shown, texts.what_to_do(of), Button(texts.OPEN, "url", url=link) if link else None
    )


def _history(points: tuple[ScorePoint, ...], score: SecurityScore) -> tuple[ScoreGroup, ...]:
    """The chart, and the numbers that it draws for who sees none: where it began, and the latest changes."""
    if not points:
        return ()
    facts = tuple(Fact(texts.day(point), texts.then(point)) for point in turns(points, _CHANGES))
    return (ScoreGroup(texts.HISTORY, facts=facts, chart=_chart(points, score)),)


def _chart(points: tuple[ScorePoint, ...], score: SecurityScore) -> ChartView | None:
    if len(points) < 2:
        return None
    limits = (Limit(texts.MAXIMUM, score.maximum),) if score.maximum is not None else ()
    drawn = tuple(
        Point(texts.day(point), point.score, texts.number(point.score), on=f"{point.at:%Y-%m-%d}")
        for point in corners(points)
    )
    return ChartView("line", texts.HISTORY_CHART, drawn, limits, series=texts.SCORE, told=True)


def _customers(census: Known[Census], names: Mapping[str, str], page: int) -> ScoreGroup:
    counted = census.value
    if counted is None:
        said = texts.customers_unread(census.problem) if census.problem else texts.READING_CUSTOMERS
        return ScoreGroup(texts.CUSTOMERS, lines=(Line(said, "warning" if census.problem else "default"),))
    lines = [Line(texts.counted(counted.lacking, counted.customers, counted.users_lacking))]
    if census.problem and census.at is not None:
        lines.append(Line(texts.outdated(census.at, census.problem), "warning"))
    if counted.unknown:
        lines.append(Line(texts.unknown_customers(counted.unknown), "subtle"))
    if not counted.complete:
        lines.append(Line(texts.not_all(counted.customers), "subtle"))
    shown = of_page(counted, page)
    if not shown:
        return ScoreGroup(texts.CUSTOMERS, lines=(*lines, Line(texts.CUSTOMERS_NONE)))
    first = (page - 1) * PAGE + 1
    rows = tuple(
        ScoreRow(
            names.get(each.tenant_id, "") or each.tenant_id,
            Line(texts.lacking(each), "attention" if each.no_admin else "warning"),
            texts.settings(each),
        )
        for each in shown
    )
    return ScoreGroup(
        texts.CUSTOMERS, tuple(lines), rows=rows, more=texts.shown(first, first + len(rows) - 1, counted.lacking)
    )


def of_page(census: Census, page: int) -> tuple[CustomerMfa, ...]:
    """The customers of that page, the first being 1."""
    return census.worst[(page - 1) * PAGE : page * PAGE]


def _buttons(partner: Partner, census: Census | None, page: int, *, several: bool) -> tuple[Button, ...]:
    def to(title: str, **data: Any) -> Button:
        return Button(title, verb=actions.SCORE_SHOW, data={"partner": partner.tenant_id, **data})

    found = []
    if page > 1:
        found.append(to(en.PREVIOUS, page=page - 1))
    if census is not None and page * PAGE < len(census.worst):
        found.append(to(en.NEXT, page=page + 1))
    found.append(to(texts.REFRESH, page=page, fresh=True))
    if several:
        found.append(Button(texts.ALL_PARTNERS, verb=actions.SCORE_SHOW, data={}))
    return (*found, Button(texts.GUIDE, "url", url=texts.GUIDE_LINK, secondary=True))
