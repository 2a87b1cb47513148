"""The list of a register: search, filters, sorting, columns and page all stand in the URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import django_filters as df
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.access.models import User
from portal.access.roles import Action
from portal.records.register import Register, register_of
from portal.ui.access import require
from portal.ui.filters import Chip, RecordChoiceFilter, RecordFilterSet, chips, condition_for, filterset_for, search
from portal.ui.tables import head_column, sortable, table_for

PAGE = 50
# Counting stops here: "more than 2,500" tells a reader as much, and costs the same at every size.
CAP = 2_500
# A search that finds more walks at most so many rows of the index it is sorted by, which takes some 20 ms.
WALK = 16 * CAP
EVERY_ROW = 2**62
YES_NO = (("true", gettext_lazy("Yes")), ("false", gettext_lazy("No")))


# The matching rows, gathered once: how many they are and, unless there are too many to sort, the keys of one page.
# Only `way` and what Django compiled are put into these texts.
_GATHER = """
WITH hits AS MATERIALIZED ({rows}), found AS MATERIALIZED (SELECT count(*) AS n FROM hits)
SELECT n, ARRAY(
    SELECT page_key FROM hits WHERE (SELECT n FROM found) <= %s
    ORDER BY page_order {way} NULLS LAST, page_key {way} LIMIT %s OFFSET %s
) FROM found
"""
# Rows in the order of an index, each asked whether it matches, until the page is full.
_WALK = """
SELECT page_key FROM ({rows}) AS walk WHERE page_hit
ORDER BY page_order {way}, page_key {way} LIMIT %s OFFSET %s
"""


@dataclass
class Listing:
    """What a list's URL asks for: the rows, and everything the page says about them."""

    register: Register
    user: User
    query: QueryDict
    filterset: RecordFilterSet
    # What the user may see at all, and what of it the URL asks for.
    allowed: models.QuerySet[Any]
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
        return cls(register, user, query, filterset, base, rows, columns, sort, chips(register, filterset, query))

    def ordered(self) -> models.QuerySet[Any]:
        """The rows in their order, the key breaking ties, with the relations their columns show."""
        name, down = self._order()
        # What is not set comes last either way.
        nulls_last = True if self._may_be_unset(name) else None
        order: Any = models.F(name).desc(nulls_last=nulls_last) if down else models.F(name).asc()
        return self._with_relations(self.rows).order_by(order, "-pk" if down else "pk")

    def find(self, start: int) -> tuple[int, list[Any]]:
        """How many rows there are (CAP + 1: more than CAP), and the keys of those from `start` on, at most PAGE."""
        count, keys = self._gathered(start, CAP)
        if count <= CAP:
            return count, keys
        words = condition_for(self.register.model, self.query.get("q", ""))
        if words is None:
            return count, self._walked(start)
        # Many rows hold these words, so the index mostly comes upon a page of them soon. Where it does not, sorting
        # all of them is quicker than reading on.
        keys = self._walked_for(words, start)
        return count, keys if len(keys) == PAGE else self._gathered(start, EVERY_ROW)[1]

    def fetch(self, keys: list[Any]) -> list[Any]:
        """The rows of these keys, in their order, with what their columns show. The filters need not be asked twice."""
        if not keys:
            return []
        query = self._with_relations(self.allowed).filter(pk__in=keys)
        found = {row.pk: row for row in (query.defer("search") if self.register.searchable else query)}
        return [found[key] for key in keys if key in found]

    def _gathered(self, start: int, most: int) -> tuple[int, list[Any]]:
        """One statement for count and page, by sorting what matches. More than `most`: `most` + 1, and no keys."""
        name, _down = self._order()
        rows = self.rows.order_by().values(page_key=models.F("pk"), page_order=models.F(name))[: most + 1]
        try:
            ((count, keys),) = self._run(_GATHER, rows, [most, PAGE, start])
        except EmptyResultSet:
            return 0, []
        return count, keys

    def _walked_for(self, words: models.Q, start: int) -> list[Any]:
        """The keys from `start` on of rows with these words, as far as the first WALK rows in order hold them."""
        name, _down = self._order()
        hit = models.ExpressionWrapper(words, output_field=models.BooleanField())
        rows = self._in_order(self.filterset.without_search()).values(
            page_key=models.F("pk"), page_order=models.F(name), page_hit=hit
        )
        return [key for (key,) in self._run(_WALK, rows[:WALK], [PAGE, start])]

    def _run(self, text: str, rows: models.QuerySet[Any], parameters: list[Any]) -> list[Any]:
        inner, own = rows.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(text.format(rows=inner, way="DESC" if self._order()[1] else "ASC"), [*own, *parameters])
            found: list[Any] = cursor.fetchall()
        return found

    def _walked(self, start: int) -> list[Any]:
        """The keys from `start` on, along the index of the sort column for as long as it takes."""
        name, down = self._order()
        keys = self._page_keys(self.rows, start)
        if len(keys) == PAGE or not (down and self._may_be_unset(name)):
            return keys
        # An index read backwards gives what is not set first. So: what is set, then, where it ends, the rest.
        skip = 0 if keys else max(0, start - self.rows.filter(**{f"{name}__isnull": False}).order_by()[:CAP].count())
        rest = self.rows.filter(**{f"{name}__isnull": True}).order_by("-pk").values_list("pk", flat=True)
        return [*keys, *rest[skip : skip + PAGE - len(keys)]]

    def _page_keys(self, rows: models.QuerySet[Any], start: int) -> list[Any]:
        return list(self._in_order(rows).values_list("pk", flat=True)[start : start + PAGE])

    def _in_order(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """As the index of the sort column has them; downwards without those that are not set in it."""
        name, down = self._order()
        if down and self._may_be_unset(name):
            rows = rows.filter(**{f"{name}__isnull": False})
        return rows.order_by(f"-{name}", "-pk") if down else rows.order_by(name, "pk")

    def _order(self) -> tuple[str, bool]:
        """The column the rows are sorted by, and whether downwards."""
        return self.sort.lstrip("-"), self.sort.startswith("-")

    def _may_be_unset(self, name: str) -> bool:
        return bool(self.register.model._meta.get_field(name).null)

    def _with_relations(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        shown = [name for name in self.register.relations if name in self.columns]
        return rows.select_related(*{*shown, *self.register.list_select_related})

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
    asked = listing.query.get("page", "1")
    number = min(max(int(asked[:9]), 1), CAP // PAGE) if asked.isdecimal() else 1
    count, keys = listing.find((number - 1) * PAGE)
    reachable = min(count, CAP)
    last_page = max(1, -(-reachable // PAGE))
    if number > last_page:
        number = last_page
        count, keys = listing.find((number - 1) * PAGE)
    start = (number - 1) * PAGE
    rows = listing.fetch(keys)
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
