"""Everything about one alert, in headed parts. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Json
from cards.parts import LINE, band, buttons, card, line, run, sections, shortened, text
from cards.size import fit
from cards.text import cut
from cards.views import DetailsView, Section


def details_card(view: DetailsView) -> Json:
    """Longer than the alert's own card and still within Teams' limit: long lists and prose give way first."""
    return fit(_build, view, _STEPS)


def _build(view: DetailsView) -> Json:
    return card(
        [
            band(view.label, view.severity, calm=False),
            text(run(view.title, LINE, strong=True, size="Large"), spacing="Medium"),
            line(view.status),
            *sections(view.sections),
            buttons(view.buttons),
        ],
        view.fallback_text,
    )


def _each(shorten: Callable[[Section], Section]) -> Callable[[DetailsView], DetailsView]:
    return lambda view: replace(view, sections=tuple(map(shorten, view.sections)))


def _brief(section: Section) -> Section:
    passages = tuple(cut(passage, 500) for passage in section.paragraphs[:3])
    return replace(section, paragraphs=passages, facts=section.facts[:30], items=shortened(section.items, 10))


# What an over-full card leaves out first; the last leaves so little that any card fits.
_STEPS: Sequence[Callable[[DetailsView], DetailsView]] = (
    _each(lambda section: replace(section, items=shortened(section.items, 20))),
    _each(_brief),
    _each(lambda section: replace(section, paragraphs=(), items=shortened(section.items, 3), facts=section.facts[:10])),
    lambda view: replace(view, sections=view.sections[:3], buttons=view.buttons[:8]),
    lambda view: replace(
        view,
        sections=tuple(replace(section, facts=section.facts[:4], buttons=()) for section in view.sections),
        buttons=(),
    ),
)
