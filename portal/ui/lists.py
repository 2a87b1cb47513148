"""The list of a register: search, filters, sorting, columns and page all stand in the URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import django_filters as df
from django.db import models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.models import User
from portal.access.roles import Action
from portal.records.register import Register, register_of
from portal.ui.access import require
from portal.ui.filters import Chip, RecordChoiceFilter, RecordFilterSet, chips, filterset_for, search
from portal.ui.tables import head_column, sortable, table_for

PAGE = 50
# Counting stops here: "more than 5,000" tells a reader as much, and costs the same at every size.
CAP = 5_000
YES_NO = (("true", gettext_lazy("Yes")), ("false", gettext_lazy("No")))


@dataclass
class Listing:
    """What a list's URL asks for: the rows, and everything the page says about them."""

    register: Register
    user: User
    query: QueryDict
    filterset: RecordFilterSet
    rows: models.QuerySet[Any]
    columns: list[str]
    sort: str
    chips: list[Chip] = field(default_factory=list)

    @classmethod
    def of(cls, register: Register, user: User, query: QueryDict, action: Action = Action.VIEW) -> Listing:
        """Read the URL. Unknown columns and sort orders are ignored: a link that once worked still opens."""
        base = register.model.objects.restrict(user, action)
        filterset = filterset_for(register)(data=query, queryset=base)
        rows = filterset.qs if filterset.is_valid() else base.none()
        columns = _columns(register, query)
        sort = _sort(register, query)
        return cls(register, user, query, filterset, rows, columns, sort, chips(register, filterset, query))

    def ordered(self) -> models.QuerySet[Any]:
        """The rows in their order, the key breaking ties, with the relations their columns show."""
        related = {*self.register.relations, *self.register.list_select_related}
        wanted = [name for name in related if name in self.columns or name in self.register.list_select_related]
        name, down = self.sort.lstrip("-"), self.sort.startswith("-")
        field: Any = self.register.model._meta.get_field(name)
        # What is not set comes last either way.
        order: Any = models.F(name).desc(nulls_last=True if field.null else None) if down else models.F(name).asc()
        tie = "-pk" if down else "pk"
        return self.rows.select_related(*wanted).order_by(order, tie)

    def page(self, start: int, *, capped: bool = False) -> list[Any]:
        """The rows from `start` on, at most PAGE. Keys first, from the index alone; then just those rows, joined.

        A search that finds more than CAP is sorted among the first CAP found: no index sorts what words find.
        """
        rows = self.rows.select_related(None)
        if capped and self.query.get("q"):
            rows = self.register.model.objects.filter(pk__in=rows.order_by().values("pk")[:CAP])
        keys = self._keys(rows, start)
        if not keys:
            return []
        query = self.ordered().filter(pk__in=keys).order_by()
        found = {row.pk: row for row in (query.defer("search") if self.register.searchable else query)}
        return [found[key] for key in keys if key in found]

    def _keys(self, rows: models.QuerySet[Any], start: int) -> list[Any]:
        name, down = self.sort.lstrip("-"), self.sort.startswith("-")
        field: Any = self.register.model._meta.get_field(name)
        if not (down and field.null):
            order = [f"-{name}", "-pk"] if down else [name, "pk"]
            return list(rows.order_by(*order).values_list("pk", flat=True)[start : start + PAGE])
        # An index read backwards gives what is not set first. So: what is set, then, where it ends, the rest.
        there = rows.filter(**{f"{name}__isnull": False}).order_by(f"-{name}", "-pk").values_list("pk", flat=True)
        keys = list(there[start : start + PAGE])
        if len(keys) < PAGE:
            skip = max(0, start - there.order_by()[:CAP].count()) if not keys else 0
            rest = rows.filter(**{f"{name}__isnull": True}).order_by("-pk").values_list("pk", flat=True)
            keys += rest[skip : skip + PAGE - len(keys)]
        return keys

    def count(self) -> int:
        """How many rows there are, or CAP + 1 for more than that."""
        return self.rows.order_by()[: CAP + 1].count()

    def filter_fields(self) -> list[dict[str, Any]]:
        """The declared filters as the panel shows them: choices to tick, text, dates."""
        made = []
        for name, one in self.filterset.filters.items():
            if name == "q" or name.endswith("__isnull"):
                continue
            is_many = isinstance(one, df.MultipleChoiceFilter)
            is_date = isinstance(one, df.DateFilter)
            is_yes_no = isinstance(one, df.BooleanFilter)
            label = one.label
            if is_date:
                label = _("%s from") % label if name.endswith("__gte") else _("%s before") % label
            target = self._target(one) if isinstance(one, RecordChoiceFilter) else None
            hint = _("Name, or %s-000001") % target.prefix if target else ""
            made.append({
                "name": name, "label": label, "is_many": is_many, "type": "date" if is_date else "text", "hint": hint,
                "options": one.extra["choices"] if is_many else YES_NO if is_yes_no else (),
                "is_yes_no": is_yes_no, "pick_url": reverse("register-pick", args=[target.slug]) if target else "",
                "chosen": self.query.getlist(name), "value": self.query.get(name, ""),
            })  # fmt: skip
        return made

    def kept_inputs(self) -> list[tuple[str, str]]:
        """What the filter panel's form carries along: everything in the URL that it has no field for."""
        own = {field["name"] for field in self.filter_fields()} | {"page"}
        return [(name, value) for name, values in self.query.lists() if name not in own for value in values if value]

    def _target(self, one: RecordChoiceFilter) -> Register | None:
        field: Any = self.register.model._meta.get_field(one.field_name)
        return register_of(field.related_model)


def _columns(register: Register, query: QueryDict) -> list[str]:
    asked = [name for name in query.getlist("columns") if name in register.columns]
    head = head_column(register)
    chosen = list(dict.fromkeys(asked)) or list(register.list_display)
    return [head, *(name for name in chosen if name != head)]


def _sort(register: Register, query: QueryDict) -> str:
    asked = query.get("sort", "")
    return asked if asked.lstrip("-") in sortable(register) else register.ordering[0]


def page_of(listing: Listing) -> dict[str, Any]:
    """One page of the listing with its numbers: first, last, count (capped), neighbors."""
    count = listing.count()
    reachable = min(count, CAP)
    last_page = max(1, -(-reachable // PAGE))
    asked = listing.query.get("page", "1")
    number = min(int(asked), last_page) if asked.isdigit() and int(asked) > 0 else 1
    start = (number - 1) * PAGE
    rows = listing.page(start, capped=count > CAP) if count else []
    return {
        "rows": rows,
        "count": count,
        "is_capped": count > CAP,
        "cap": CAP,
        "first": start + 1 if rows else 0,
        "last": start + len(rows),
        "number": number,
        "previous": number - 1 if number > 1 else None,
        "next": number + 1 if number < last_page else None,
        "next_size": min(PAGE, reachable - start - len(rows)),
    }


def record_list(request: HttpRequest, register: Register) -> HttpResponse:
    """The page, or only its table for htmx."""
    user = require(request, Action.VIEW)
    listing = Listing.of(register, user, request.GET)
    page = page_of(listing)
    table = table_for(register, page["rows"], listing.columns, order_by=listing.sort, orderable=True)
    shown_as = {"columns", "sort", "page", "compact"}
    plain_query = {key for key, values in request.GET.lists() if key not in shown_as and any(values)}
    context = {
        "register": register,
        "listing": listing,
        "table": table,
        "page": page,
        "compact": "compact" in request.GET,
        "all_columns": [(name, register.field_label(name), name in listing.columns) for name in register.columns],
        "is_filtered": bool(plain_query),
        "views": [(view, QueryDict(view.query), _is_view(view.query, request.GET)) for view in register.views],
        "all_shown": _is_view("", request.GET),
        "can_add": user.can(Action.ADD),
        "can_import": user.can(Action.IMPORT),
        "can_export": user.can(Action.EXPORT),
        "exports": [(kind, reverse("register-export", args=[register.slug, kind.lower()])) for kind in ("CSV", "XLSX")],
    }
    fragment = bool(getattr(request, "htmx", False)) and not request.htmx.boosted  # type: ignore[attr-defined]  # set by django-htmx
    return render(request, "portal/partials/_list.html" if fragment else "portal/list.html", context)


def _is_view(query: str, current: QueryDict) -> bool:
    """Whether the URL shows exactly this saved view, whatever its page, sorting or columns."""
    own = {"page", "sort", "columns", "compact"}
    given, wanted = (
        {k: sorted(v) for k, v in one.lists() if k not in own and any(v)} for one in (current, QueryDict(query))
    )
    return given == wanted


def pick(request: HttpRequest, register: Register) -> HttpResponse:
    """Suggestions for a picker: up to ten records whose name or reference begins like what was typed."""
    user = require(request, Action.VIEW)
    text = next((str(value) for key, value in request.GET.items() if key != "page"), "")
    visible = register.model.objects.restrict(user, Action.VIEW).select_related(*register.list_select_related)
    found = search(visible, text[:200])[:10] if text.strip() else []
    return render(request, "portal/partials/_options.html", {"records": found})
