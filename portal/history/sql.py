"""The SQL that makes PostgreSQL itself write history and ledger entries.

One trigger function for each governed table and kind of change, with the table's columns spelled out.
They run for the statement (transition tables), as the owner, with a pinned search path and pinned
formatting, so that the canonical bytes do not depend on anybody's session.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.db import models

from portal.history.tracking import MOVING_COLUMNS

BASE_SQL = (Path(__file__).parent / "base.sql").read_text(encoding="utf-8")

_FUNCTION = """\
CREATE OR REPLACE FUNCTION muster.{name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'iso_8601'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $muster$
{body}
$muster$"""

_RECORD = """\
DECLARE
    who muster.change_context;
BEGIN
    IF TG_RELID <> 'public.{quoted}'::regclass THEN
        RAISE EXCEPTION 'This function records changes of {table} alone' USING ERRCODE = 'MU003';
    END IF;
{guard}    IF NOT EXISTS (SELECT FROM {rows}) THEN
        RETURN NULL;
    END IF;
    who := muster.change_context();
    WITH written AS (
        INSERT INTO public.{history} ({columns}, history_id, history_date, history_type, history_user_id,
            history_user_name, history_source, history_request, history_change_reason, history_changed)
        SELECT {values}, nextval('muster.entry_id'), clock_timestamp(), '{kind}', who.actor,
            who.actor_name, who.source, who.request, who.reason, {changed}
        FROM {rows} ORDER BY r.{pk}
        RETURNING *
    ), sealed AS MATERIALIZED (
        SELECT w.history_id, w.{pk}::text AS record,
            convert_to(jsonb_build_object('v', 1, 'entry', w.history_id, 'table', '{table}', 'record', w.{pk}::text,
                'change', w.history_type, 'at', w.history_date)::text, 'UTF8') AS header,
            convert_to(to_jsonb(w)::text, 'UTF8') AS payload,
            uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) AS salt
        FROM written w
    ), entered AS (
        INSERT INTO public.portal_ledgerentry (id, table_name, record, header, leaf)
        SELECT s.history_id, '{table}', s.record, s.header,
            sha256('\\x00'::bytea || s.header || sha256(s.salt || s.payload))
        FROM sealed s ORDER BY s.history_id
    )
    INSERT INTO public.portal_ledgerpayload (entry_id, salt, payload)
    SELECT s.history_id, s.salt, s.payload FROM sealed s ORDER BY s.history_id;
    RETURN NULL;
END"""

_SAME_KEYS = """\
    IF EXISTS (SELECT FROM new_rows n WHERE NOT EXISTS (SELECT FROM old_rows o WHERE o.{pk} = n.{pk})) THEN
        RAISE EXCEPTION 'The key of a governed row never changes ({table})' USING ERRCODE = 'MU002';
    END IF;
"""

_VERSION = """\
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.version := 1;
    ELSIF ({new}) IS DISTINCT FROM ({old}) THEN
        NEW.version := OLD.version + 1;
        NEW.updated_at := clock_timestamp();
    ELSE
        NEW.version := OLD.version;
        NEW.updated_at := OLD.updated_at;
    END IF;
    RETURN NEW;
END"""


@dataclass(frozen=True, slots=True)
class GovernedTable:
    """A governed table as its model declares it, ready to be turned into triggers."""

    table: str
    history: str
    pk: str
    columns: tuple[str, ...]
    prefix: str = ""

    @classmethod
    def of(cls, model: type[models.Model], history: type[models.Model]) -> GovernedTable:
        """Read table names and columns from a model and its history model (current ones or a migration's)."""
        pk = model._meta.pk
        assert pk is not None and pk.column is not None  # noqa: S101, PT018 - a concrete model always has one
        own = {field.column for field in model._meta.concrete_fields}
        # By name: the order of fields differs between a model and the migrations that made it.
        columns = tuple(sorted(c for f in history._meta.concrete_fields if (c := f.column) is not None and c in own))
        prefix = next((f.prefix for f in model._meta.concrete_fields if hasattr(f, "prefix")), "")
        return cls(model._meta.db_table, history._meta.db_table, pk.column, columns, prefix)

    @property
    def has_version(self) -> bool:
        return set(self.columns) >= MOVING_COLUMNS

    @property
    def telling(self) -> tuple[str, ...]:
        """The columns whose change makes a history row."""
        return tuple(c for c in self.columns if c not in MOVING_COLUMNS)

    def functions(self) -> dict[str, str]:
        """Function name → CREATE statement. `check` compares these bodies with the database's."""
        guard = _SAME_KEYS.format(pk=_q(self.pk), table=self.table)
        made = {
            f"{self.table}_ins": self._record("+", "new_rows r"),
            f"{self.table}_upd": self._record("~", self._changed_rows(), guard),
            f"{self.table}_del": self._record("-", "old_rows r"),
        }
        if self.has_version:
            made[f"{self.table}_ver"] = _FUNCTION.format(
                name=_q(f"{self.table}_ver"),
                body=_VERSION.format(
                    new=", ".join(f"NEW.{_q(c)}" for c in self.telling),
                    old=", ".join(f"OLD.{_q(c)}" for c in self.telling),
                ),
            )
        return made

    def _changed_rows(self) -> str:
        """The rows that differ from before, each with the names of the columns that do."""
        names = ", ".join(f"CASE WHEN n.{_q(c)} IS DISTINCT FROM o.{_q(c)} THEN '{c}' END" for c in self.telling)
        return (
            f"(SELECT * FROM (SELECT n.*, array_remove(ARRAY[{names}]::text[], NULL) AS muster_changed"  # noqa: S608 - quoted names
            f" FROM new_rows n JOIN old_rows o ON o.{_q(self.pk)} = n.{_q(self.pk)}) d"
            " WHERE d.muster_changed <> '{}') r"
        )

    def _record(self, kind: str, rows: str, guard: str = "") -> str:
        suffix = {"+": "ins", "~": "upd", "-": "del"}[kind]
        body = _RECORD.format(
            table=self.table,
            quoted=_q(self.table),
            history=_q(self.history),
            pk=_q(self.pk),
            columns=", ".join(_q(c) for c in self.columns),
            values=", ".join(f"r.{_q(c)}" for c in self.columns),
            kind=kind,
            changed="r.muster_changed" if kind == "~" else "'{}'",
            rows=rows,
            guard=guard,
        )
        return _FUNCTION.format(name=_q(f"{self.table}_{suffix}"), body=body)

    def triggers(self) -> dict[str, str]:
        """Trigger name → CREATE statement, on the governed table and on its history table."""
        t, on = self.table, f"ON public.{_q(self.table)}"
        made = {
            "muster_ins": f"AFTER INSERT {on} REFERENCING NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION muster.{_q(f'{t}_ins')}()",
            "muster_upd": f"AFTER UPDATE {on} REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION muster.{_q(f'{t}_upd')}()",
            "muster_del": f"AFTER DELETE {on} REFERENCING OLD TABLE AS old_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION muster.{_q(f'{t}_del')}()",
            "muster_trunc": f"BEFORE TRUNCATE {on} FOR EACH STATEMENT EXECUTE FUNCTION muster.refuse()",
        }
        if self.has_version:
            made["muster_ver"] = f"BEFORE INSERT OR UPDATE {on} FOR EACH ROW EXECUTE FUNCTION muster.{_q(f'{t}_ver')}()"
        return {name: f"CREATE OR REPLACE TRIGGER {name} {body}" for name, body in made.items()}

    def install(self) -> list[str]:
        """Every statement that makes this table governed; repeatable."""
        statements = list(self.functions().values())
        if self.prefix:
            statements.append(f"CREATE SEQUENCE IF NOT EXISTS muster.{_q('reference_' + self.prefix.lower())}")
        return [*statements, *self.triggers().values(), *append_only(self.history)]

    def remove(self) -> list[str]:
        """The way back: triggers first, then their functions. History itself stays."""
        drops = [f"DROP TRIGGER IF EXISTS {name} ON public.{_q(self.table)}" for name in self.triggers()]
        return drops + [f"DROP FUNCTION IF EXISTS muster.{_q(name)}()" for name in self.functions()]


def append_only(table: str) -> list[str]:
    """Guards of a table that only the triggers may write, and nobody may change: they hold for its owner too."""
    return [
        (
            f"CREATE OR REPLACE TRIGGER muster_written_by_trigger BEFORE INSERT ON public.{_q(table)}"
            " FOR EACH STATEMENT EXECUTE FUNCTION muster.only_triggers()"
        ),
        *never_changed(table),
    ]


def never_changed(table: str) -> list[str]:
    """The guard of a table whose rows stay as they were written."""
    return [
        (
            f"CREATE OR REPLACE TRIGGER muster_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON public.{_q(table)}"
            " FOR EACH STATEMENT EXECUTE FUNCTION muster.refuse()"
        )
    ]


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
