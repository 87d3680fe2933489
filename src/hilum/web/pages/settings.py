"""The station's settings: blind reading, the list's order, the sites' priority, retention; and what is given.

What the command line sets (targets, workers, folder) is shown and not changed here. Trap: films that
retention removes are gone, so the page says what a number of days means before it is saved.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from hilum.web.problems import InvalidRequest
from hilum.web.rights import Right
from hilum.web.templating import render
from hilum.web.visitor import Visitor, current_station, require
from hilum.worklist.deliveries import targets_in_force
from hilum.worklist.search import sites
from hilum.worklist.station import Station
from hilum.worklist.station_settings import ORDERS, SiteRule, choose_setting, read_choices

EMPTY_ROWS = 2  # for sites that are new to the table

router = APIRouter(include_in_schema=False)
Chooser = Annotated[Visitor, Depends(require(Right.SET_STATION))]
Here = Annotated[Station, Depends(current_station)]


class SettingsForm(BaseModel):
    """As the browser sends it; an unticked box is left out."""

    blind: str = ""
    order: str = ""
    retention: str = ""
    site: Sequence[str] = ()
    priority: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the table of sites, as the form shows it."""

    site: str
    priority: int | None


@router.get("/settings")
def settings_page(request: Request, _visitor: Chooser, station: Here, saved: bool = False) -> HTMLResponse:
    """What holds, and what may be chosen."""
    with station.database.reading() as session:
        choices = read_choices(session)
        known = sites(session)
        targets = targets_in_force(session, station.settings.targets)
    return render(
        request,
        "settings.html",
        choices=choices,
        orders=ORDERS,
        rules=_rules(choices.site_rules, known),
        known_sites=known,
        targets=targets,
        station=station,
        free_bytes=shutil.disk_usage(station.settings.folder).free,
        saved=saved,
    )


@router.post("/settings")
def save(
    visitor: Chooser,
    station: Here,
    form: Annotated[SettingsForm, Form()],
) -> RedirectResponse:
    """Set what the form says, all of it or nothing.

    Raises:
        InvalidRequest: a number that is none.
        SettingsInvalid: a value that cannot be.
    """
    chosen = {
        "is_blind": form.blind == "yes",
        "reading_order": form.order,
        "retention_days": _whole("retention", form.retention),
        "site_rules": _site_rules(form.site, form.priority),
    }
    with station.database.writing() as session:
        for name, value in chosen.items():
            choose_setting(session, name, value, who=visitor.login, now=station.now())
    return RedirectResponse("/settings?saved=true", status_code=303)


def _rules(rules: tuple[SiteRule, ...], known: Any) -> list[Rule]:
    """Those that there are, the sites without one, and empty lines."""
    ruled = [Rule(rule.site, rule.priority) for rule in rules]
    named = {rule.site for rule in rules}
    return [
        *ruled,
        *(Rule(site, None) for site in known if site not in named),
        *[Rule("", None)] * EMPTY_ROWS,
    ]


def _site_rules(names: Sequence[str], priorities: Sequence[str]) -> list[dict[str, Any]]:
    """Lines with a site and a priority; a line without priority is no rule."""
    found = []
    for name, priority in zip(names, priorities, strict=False):
        number = _whole("priority", priority)
        if name.strip() and number is not None:
            found.append({"site": name.strip(), "priority": number})
    return found


def _whole(name: str, value: str) -> int | None:
    try:
        return int(value) if value.strip() else None
    except ValueError:
        raise InvalidRequest(f"{name}: {value[:40]!r} cannot be") from None
