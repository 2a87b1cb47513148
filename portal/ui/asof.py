"""The past in the URL: `/as-of/2026-11-20T12:00:00Z/…` is any page as it stood then.

An instant is canonical in UTC, to the second or to the microsecond. A date alone means the end of that day in UTC, and
today's date means now; both are redirected to the instant they stand for. A time without a zone is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.models import User
from portal.access.roles import Action
from portal.history.asof import FutureError
from portal.ui.access import require

SEGMENT: Final = "as-of"
# The pages that show governed records and nothing else, by the name of their address; floors above add theirs. The
# API's lists and records belong to them too. Whatever is not named here shows the present alone.
PAGES_WITH_A_PAST: set[str] = {
    "as-of", "search", "register-list", "register-pick", "register-export", "record-detail", "record-history",
}  # fmt: skip
_API: Final = "/api/"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?")


def parse(text: str) -> datetime:
    """The instant that a part of an address names, in UTC. Raises ValueError, and FutureError for what is to come."""
    try:
        if _DATE.fullmatch(text):
            return end_of(date.fromisoformat(text))
        if not _INSTANT.fullmatch(text):
            raise ValueError  # noqa: TRY301 - one answer for all that is not an instant
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except FutureError:
        raise
    except (ValueError, OverflowError) as error:
        raise ValueError(
            _("“%s” is not a date or a time. Write 2026-11-20 or 2026-11-20T12:00:00Z.") % text[:60]
        ) from error
    return not_to_come(instant)


def end_of(day: date) -> datetime:
    """The last instant of a day in UTC; of today, now."""
    now = timezone.now()
    if day == now.astimezone(UTC).date():
        return now.astimezone(UTC).replace(microsecond=0)
    return not_to_come(datetime.combine(day, time.max, UTC))


def not_to_come(instant: datetime) -> datetime:
    """The same instant, if it has passed. Raises FutureError."""
    if instant > timezone.now():
        raise FutureError(_("That has not happened yet. Choose a date and time that has passed."))
    return instant


def written(instant: datetime) -> str:
    """The instant as an address has it."""
    utc = instant.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if utc.microsecond else "%Y-%m-%dT%H:%M:%SZ").zfill(20)


def said(instant: datetime) -> str:
    """ "20 Nov 2026, 12:00 UTC", with seconds where they count."""
    utc = instant.astimezone(UTC)
    to_the_minute = (utc.second, utc.microsecond) in {(0, 0), (59, 999_999)}
    return f"{format_date(utc, 'j M Y, H:i' if to_the_minute else 'j M Y, H:i:s')} UTC"


def root_of(request: HttpRequest) -> str:
    """Where Muster itself is mounted, without the past: "" or "/muster"."""
    root = getattr(request, "as_of_root", None)
    return str(request.META.get("SCRIPT_NAME", "") if root is None else root).rstrip("/")


def within(request: HttpRequest, path: str) -> str:
    """An address of this site without its mount point and without the past: what follows `/as-of/…`."""
    for prefix in (str(request.META.get("SCRIPT_NAME", "")), root_of(request)):
        if prefix and path.startswith(f"{prefix.rstrip('/')}/"):
            return path[len(prefix.rstrip("/")) :]
    return path


def then(request: HttpRequest, instant: datetime, path: str) -> str:
    """The address of a page (as `reverse` gives it) as it stood at an instant."""
    return f"{root_of(request)}/{SEGMENT}/{written(instant)}{within(request, path)}"


def now(request: HttpRequest, path: str | None = None) -> str:
    """The address of a page, by default this one with its query, in the present."""
    return root_of(request) + within(request, request.get_full_path() if path is None else path)


def has_past(name: str | None) -> bool:
    """Whether the page of that name can be shown as it stood."""
    return name is not None and (name in PAGES_WITH_A_PAST or name.startswith("api-"))


def is_api(path: str) -> bool:
    return path.startswith(_API)


def destination(path: str) -> str:
    """Where a choice of an instant leads: the page one came from, if it has a past, else Home."""
    try:
        match = resolve(path.partition("?")[0])
    except Resolver404:
        return "/"
    is_page = has_past(match.url_name) and match.url_name not in {"as-of", "register-pick", "register-export"}
    return path if is_page and not is_api(path) else "/"


def looking(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the shell says about time: see templates/base.html."""
    return {
        "as_of": getattr(request, "as_of", None),
        "as_of_allowed": user.can(Action.VIEW),
        "as_of_to": destination(within(request, request.get_full_path())),
        "as_of_now": now(request),
    }


class InstantForm(forms.Form):
    """A day and, if one likes, a time of that day, in UTC."""

    day = forms.DateField(label=gettext_lazy("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    time = forms.TimeField(
        label=gettext_lazy("Time, in UTC"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("Without a time it is the end of that day."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.use_required_attribute = lambda _initial: False

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("day") and "time" not in self.errors:
            try:
                at = data.get("time")
                data["at"] = not_to_come(datetime.combine(data["day"], at, UTC)) if at else end_of(data["day"])
            except FutureError as error:
                self.add_error("day", str(error))
        return data


def choose(request: HttpRequest) -> HttpResponse:
    """See the register as it stood at…: a form that leads to an address, so that nothing has to be remembered."""
    require(request, Action.VIEW)
    to = destination(request.GET.get("to", "/"))
    form = InstantForm(request.GET) if "day" in request.GET else None
    if form is not None and form.is_valid():
        return HttpResponseRedirect(then(request, form.cleaned_data["at"], root_of(request) + to))
    return ask(request, to, form)


def ask(request: HttpRequest, to: str, form: InstantForm | None = None, problem: str = "") -> HttpResponse:
    """The form, empty or with what was wrong with an answer or an address."""
    if form is None:
        looking_at: datetime | None = getattr(request, "as_of", None)
        form = InstantForm(
            initial={"day": looking_at.date(), "time": looking_at.time()}
            if looking_at
            else {"day": timezone.localdate()}
        )
    wrong = bool(problem or form.errors)
    context = {"form": form, "to": to, "problem": problem}
    return render(request, "portal/as_of.html", context, status=400 if wrong else 200)
