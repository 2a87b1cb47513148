"""Whatever was done to records that name somebody: erased, nothing of it is left, and nothing else is gone."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.models import AISystem, RoleAssignment
from portal.access.models import User
from portal.history.context import acting
from portal.ledger.sequencer import sequence
from portal.ledger.verify import verify
from portal.retention.models import Erasure
from tests.factories import create
from tests.retention.conftest import GROUND, WRITER, traces

OTHER = "Dana Whitfield"
# (what to do, to which record, with whose name, in which field)
STEP = st.tuples(
    st.sampled_from(["create", "change", "change", "delete"]),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from(["person_name", "deputy_name"]),
)


def test_nothing_of_a_name_is_left_and_nothing_else_is_gone(
    committed: str, ada: User, record_property: Callable[..., None]
) -> None:
    counter = iter(range(1000))
    with acting(WRITER):
        system = create(AISystem)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(steps=st.lists(STEP, min_size=1, max_size=12))
    def check(steps: list[tuple[str, int, bool, str]]) -> None:
        number = next(counter)
        # Letters alone, unlike anything else: the name is looked for in the whole database.
        name = f'Xyl{"".join(chr(97 + int(d)) for d in str(number))} O\'Brien "Quill"'
        records: dict[int, Any] = {}
        for verb, which, is_named, column in steps:
            said = name if is_named else OTHER
            with acting(WRITER):
                if verb == "create" or which not in records:
                    values = {"person_name": OTHER, column: said}
                    records[which] = create(RoleAssignment, system=system, **values)
                elif verb == "change":
                    RoleAssignment.objects.filter(pk=records[which].pk).update(**{column: said})
                else:
                    records.pop(which).delete()
        before = {row.history_id: row for row in RoleAssignment.history.all()}
        count = Erasure.objects.count()
        call_command("erase_person", text=[name], user="ada", ground=GROUND, stdout=StringIO())

        assert traces(committed, name.lower().split()[0]) == {}
        named = {history_id for history_id, row in before.items() if name in (row.person_name, row.deputy_name)}
        gone = set(Erasure.objects.first().entries) if Erasure.objects.count() > count else set()  # type: ignore[union-attr]  # one more
        assert gone == named
        for row in RoleAssignment.history.filter(history_id__in=before):
            old = before[row.history_id]
            for column in ("person_name", "deputy_name"):
                was = getattr(old, column)
                assert getattr(row, column) == ("[erased]" if was == name else was)
        sequence()
        report = verify()
        assert (report.ok, report.findings) == (True, [])

    check()
