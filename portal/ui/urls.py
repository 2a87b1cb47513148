"""Addresses of the register pages, search, jobs and health."""

from django.urls import path, register_converter

from portal.ui import (
    asof,
    changelog,
    converters,
    customfields,
    export,
    history,
    imports,
    lists,
    records,
    restore,
    retention,
    search,
)

register_converter(converters.RegisterConverter, "register")
register_converter(converters.ReferenceConverter, "reference")
register_converter(converters.FormatConverter, "format")

urlpatterns = [
    path("as-of/", asof.choose, name="as-of"),
    path("changes/", changelog.change_log, name="change-log"),
    path("changes/export.csv", changelog.change_log_csv, name="change-log-export"),
    path("search/", search.search_everything, name="search"),
    path("administration/fields/", customfields.custom_fields, name="custom-fields"),
    path("administration/fields/new/", customfields.custom_field_create, name="custom-field-create"),
    path("administration/fields/<uuid:pk>/", customfields.custom_field_edit, name="custom-field-edit"),
    path("administration/retention/", retention.overview, name="retention"),
    path("administration/retention/holds/new/", retention.hold_create, name="hold-create"),
    path("administration/retention/holds/<uuid:pk>/lift/", retention.hold_lift, name="hold-lift"),
    path("administration/retention/rules/new/", retention.rule_create, name="rule-create"),
    path("administration/retention/rules/<uuid:pk>/", retention.rule_edit, name="rule-edit"),
    path("administration/retention/erasures/", retention.erasures, name="erasures"),
    path("administration/retention/erasures/<uuid:pk>/", retention.erasure, name="erasure"),
    path("<register:register>/", lists.record_list, name="register-list"),
    path("<register:register>/new/", records.record_create, name="register-create"),
    path("<register:register>/import/", imports.import_start, name="register-import"),
    path("<register:register>/import/<uuid:pk>/", imports.import_job, name="register-import-job"),
    path("<register:register>/import/<uuid:pk>/write/", imports.import_write, name="register-import-write"),
    path("<register:register>/import/<str:file>/<str:name>/", imports.import_match, name="register-match"),
    path("<register:register>/pick/", lists.pick, name="register-pick"),
    path("<register:register>/export.<format:extension>", export.export, name="register-export"),
    path("<register:register>/<reference:reference>/", records.record_detail, name="record-detail"),
    path("<register:register>/<reference:reference>/edit/", records.record_edit, name="record-edit"),
    path("<register:register>/<reference:reference>/history/", history.record_history, name="record-history"),
    path("<register:register>/<reference:reference>/history/diff/", history.record_diff, name="record-diff"),
    path(
        "<register:register>/<reference:reference>/history/<int:version>/restore/",
        restore.record_restore,
        name="record-restore",
    ),
]
