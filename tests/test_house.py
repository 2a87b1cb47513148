"""The house rules, each as a test. No database: they read the files and ask the tools."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import ModelOperation
from django.db.migrations.state import ProjectState
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from portal.history.operations import HISTORY_PREFIX

ROOT = Path(__file__).resolve().parent.parent
APPS = ("portal", "inventory", "governance", "reports")
LONGEST = 400
NOT_OURS = {"node_modules", "vendor", "migrations", "var", "staticfiles", "__pycache__"}
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-embedded.lock")


def ours(*suffixes: str) -> list[Path]:
    """The files of this repository that people write, by suffix; hidden folders and other people's work left out."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS and not name.startswith("."))
        found += [Path(folder) / name for name in sorted(names) if name.endswith(suffixes)]
    assert found, "there is something to look at"
    return found


def passes(program: str, *arguments: str, **environment: str) -> None:
    """A program of this interpreter's environment, run in the repository, ends well."""
    # Beside the interpreter, and not by PATH: another version would say other things.
    command = [str(Path(sys.executable).parent / program), *arguments]
    result = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{program} {' '.join(arguments[:3])} …\n{result.stdout}{result.stderr}"


# Files


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    files = [*ours(".py", ".html", ".css", ".js"), ROOT / "muster"]
    lengths = {str(path.relative_to(ROOT)): path.read_bytes().count(b"\n") for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


INLINE = {
    "a style attribute": re.compile(r"""\sstyle\s*=\s*["']""", re.IGNORECASE),
    "an inline style": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.IGNORECASE),
    "an event attribute": re.compile(r"""\son[a-z]+\s*=\s*["']""", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "text marked safe": re.compile(r"\|\s*safe(?:seq)?\b|{%\s*autoescape\s+off"),
}


@pytest.mark.parametrize("what", INLINE)
def test_templates_hold_nothing_that_the_browser_must_refuse(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in ours(".html")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if INLINE[what].search(line)
    ]
    assert found == [], f"{what} in a template"


# History is never narrowed


def historical(name: str) -> bool:
    return name.lower().startswith(HISTORY_PREFIX)


def losses(app_label: str, operation: Operation, before: ProjectState) -> Iterator[str]:
    """What `operation` would take from a history table that stands in `before`, in words."""
    match operation:
        case migrations.SeparateDatabaseAndState():
            for inner in [*operation.database_operations, *operation.state_operations]:
                yield from losses(app_label, inner, before)
        case migrations.RunSQL():
            if HISTORY_PREFIX in str(operation.sql).lower():
                yield "SQL of its own on a history table"
        case migrations.RemoveField() | migrations.RenameField() if historical(operation.model_name):
            yield f"{operation.describe()}: a history column goes"
        case migrations.AlterField() if historical(operation.model_name):
            old = before.models[app_label, operation.model_name_lower].fields[operation.name]
            yield from narrowings(operation.describe(), old, operation.field)
        case migrations.RenameModel() if historical(operation.old_name):
            yield f"{operation.describe()}: a history table goes by another name"
        case ModelOperation() if historical(operation.name):
            if isinstance(operation, migrations.DeleteModel | migrations.AlterModelTable):
                yield f"{operation.describe()}: a history table goes"


def narrowings(what: str, old: models.Field[object, object], new: models.Field[object, object]) -> Iterator[str]:
    """What the column could hold and no longer can."""
    if type(old) is not type(new):
        yield f"{what}: {type(old).__name__} becomes {type(new).__name__}"
    if old.max_length is not None and (new.max_length or 0) < old.max_length:
        yield f"{what}: {old.max_length} characters become {new.max_length}"
    if old.null and not new.null:
        yield f"{what}: it can no longer be empty"
    if old.db_column != new.db_column:
        yield f"{what}: it gets another name"


def migration_steps() -> Iterator[tuple[str, str, Operation, ProjectState]]:
    """App, migration, operation and the state before it, for each step of our apps, in the order they run."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    state = ProjectState(real_apps=loader.unmigrated_apps)
    done: set[tuple[str, str]] = set()
    for leaf in sorted(loader.graph.leaf_nodes()):
        for node in loader.graph.forwards_plan(leaf):
            if node in done:
                continue
            done.add(node)
            for operation in loader.graph.nodes[node].operations:
                if node[0] in APPS:
                    yield (*node, operation, state)
                operation.state_forwards(node[0], state)


def test_no_migration_drops_renames_or_retypes_a_history_column() -> None:
    found = []
    for app, name, operation, state in migration_steps():
        found += [f"{app}.{name}: {loss}" for loss in losses(app, operation, state)]
    assert found == []


def test_no_history_column_is_unique_but_the_key() -> None:
    """A record's second change repeats what its first one said."""
    *_, (_app, _name, _operation, state) = migration_steps()
    found = [
        f"{app}.{name}.{column}"
        for (app, name), model in state.models.items()
        if app in APPS and historical(name)
        for column, field in model.fields.items()
        if field.unique and not field.primary_key
    ]
    assert found == []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("HistoricalThing", "name"),
        migrations.RenameField("HistoricalThing", "name", "title"),
        migrations.AlterField("HistoricalThing", "name", models.TextField()),
        migrations.AlterField("HistoricalThing", "name", models.CharField(max_length=9)),
        migrations.AlterField("HistoricalThing", "name", models.CharField(max_length=10)),
        migrations.AlterField("HistoricalThing", "name", models.CharField(max_length=10, null=True, db_column="title")),
        migrations.RenameModel("HistoricalThing", "HistoricalOther"),
        migrations.DeleteModel("HistoricalThing"),
        migrations.AlterModelTable("HistoricalThing", "other"),
        migrations.RunSQL("ALTER TABLE public.x_historicalthing DROP COLUMN name"),
        migrations.SeparateDatabaseAndState([migrations.DeleteModel("HistoricalThing")]),
    ],
    ids=lambda operation: operation.describe(),
)
def test_the_rule_about_history_columns_would_catch(operation: Operation) -> None:
    assert list(losses("portal", operation, _state_with_a_history()))


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("HistoricalThing", "note", models.TextField(default="")),
        migrations.AlterField(
            "HistoricalThing", "name", models.CharField("title", max_length=20, null=True, choices=[("a", "A")])
        ),
        migrations.AlterModelOptions("HistoricalThing", {"verbose_name": "things of old"}),
        migrations.RemoveField("Thing", "name"),
        migrations.RunSQL("SELECT 1"),
    ],
    ids=lambda operation: operation.describe(),
)
def test_the_rule_about_history_columns_lets_pass(operation: Operation) -> None:
    assert not list(losses("portal", operation, _state_with_a_history()))


def _state_with_a_history() -> ProjectState:
    state = ProjectState()
    name = models.CharField(max_length=10, null=True)
    migrations.CreateModel("HistoricalThing", [("name", name)]).state_forwards("portal", state)
    return state


# What the tools say


def test_the_code_is_clean_by_ruff() -> None:
    passes("ruff", "check", "--no-cache", "--quiet", ".")


def test_the_code_is_formatted_by_ruff() -> None:
    passes("ruff", "format", "--no-cache", "--quiet", "--diff", ".")


def test_the_templates_are_formatted_by_djade() -> None:
    passes("djade", "--check", "--target-version", "5.2", *map(str, ours(".html")))


def test_an_import_goes_down_a_floor_and_never_up() -> None:
    passes("lint-imports", "--no-cache")


def test_every_line_is_typed_by_mypy_strict() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True
    passes("mypy", ".")


def test_migrations_say_what_the_models_say() -> None:
    passes("python", "manage.py", "makemigrations", "--check", "--dry-run")


def test_a_production_environment_raises_no_warning() -> None:
    key = "".join(chr(33 + at * 7 % 90) for at in range(80))
    passes(
        "python", "manage.py", "check", "--deploy", "--fail-level", "WARNING",
        SECURE="1", DEBUG="0", SECRET_KEY=key, ALLOWED_HOSTS="muster.example.org",
    )  # fmt: skip


# Dependencies


def pins(lock: str) -> dict[str, str]:
    """Package → version, as the lock file pins them."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_package_by_hash_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert [entry.splitlines()[0] for entry in entries if not re.match(r"[^\s=]+==\S+", entry)] == []
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url.*|--find-links.*", text) == []


def test_the_locks_give_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["project"]["dependencies"] + project["dependency-groups"]["dev"],
        "requirements-embedded.lock": project["project"]["optional-dependencies"]["embedded"],
    }
    for lock, lines in wanted.items():
        pinned = pins(lock)
        for requirement in map(Requirement, lines):
            version = pinned.get(canonicalize_name(requirement.name), "")
            assert version, f"{lock} lacks {requirement}"
            assert requirement.specifier.contains(version), f"{lock} has {version}, which is not {requirement}"


def test_development_runs_the_versions_that_production_runs() -> None:
    development = pins("requirements-dev.lock")
    production = pins("requirements.lock")
    assert {name: development.get(name) for name in production} == production
