"""The table of a register's list: django-tables2, with one column class that knows how a value looks."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2.utils import A  # noqa: F401 - re-exported for registers that write columns of their own

from portal.records.register import Register
from portal.ui.display import cell


class RecordColumn(tables.Column):  # type: ignore[misc]  # django-tables2 ships no types
    """A field of the record, as `display.cell` shows it."""

    def __init__(self, register: Register, name: str, *, sortable: bool) -> None:
        super().__init__(
            verbose_name=register.field_label(name), orderable=sortable, accessor="pk", empty_values=(), order_by=name
        )
        self.register, self.name = register, name

    def render(self, record: Any) -> SafeString | str:
        return cell(self.register, record, self.name)


class NameColumn(RecordColumn):
    """The record itself: its name as a link, its reference below. The head of the row."""

    def render(self, record: Any) -> SafeString | str:
        return format_html(
            '<a class="plain" href="{}">{}</a><span class="sub">{}</span>',
            self.register.url("detail", record),
            str(record),
            record.reference,
        )


class RecordTable(tables.Table):  # type: ignore[misc]  # django-tables2 ships no types
    """Base of every list; `register` and the chosen columns are given at run time."""

    class Meta:
        template_name = "portal/table.html"
        orderable = True

    @property
    def row_head(self) -> str:
        """The column that names the row."""
        return next((name for name, column in self.columns.items() if isinstance(column.column, NameColumn)), "")


def sortable(register: Register) -> frozenset[str]:
    """The columns an index serves: others are not offered for sorting, however small the table still is."""
    indexed = {index.fields_orders[0][0] for index in register.model._meta.indexes if index.fields_orders}
    fields: list[Any] = list(register.model._meta.concrete_fields)
    unique = {f.name for f in fields if f.unique or f.db_index}
    return frozenset(indexed | unique)


def table_for(register: Register, rows: Any, columns: list[str], **kwargs: Any) -> RecordTable:
    """The register's table over `rows` with just these columns."""
    base = register.table or RecordTable
    can_sort = sortable(register)
    head = head_column(register)
    made = {
        name: (NameColumn if name == head else RecordColumn)(register, name, sortable=name in can_sort)
        for name in columns
        if name not in getattr(base, "base_columns", {})
    }
    return base(rows, extra_columns=list(made.items()), sequence=columns, **kwargs)


def head_column(register: Register) -> str:
    """The field that names a row: its name where it has one, else its first column."""
    return "name" if "name" in register.list_display else register.list_display[0]
