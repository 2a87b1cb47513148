"""Addresses of the log, laid out as C2SP's tlog-tiles; and the proofs of single entries, for who may see them."""

from django.urls import path

from portal.ledger import pages, views

urlpatterns = [
    path("", pages.ledger, name="ledger"),
    path("verify", pages.verify, name="ledger-verify"),
    path("checkpoint", views.latest_checkpoint, name="ledger-checkpoint"),
    path("checkpoint/<int:size>", views.checkpoint_at, name="ledger-checkpoint-at"),
    path("checkpoint/<int:size>.tsr", views.time_stamp, name="ledger-time-stamp"),
    path("time-stamps", views.time_stamps, name="ledger-time-stamps"),
    path("key", views.keys, name="ledger-key"),
    path("tile/<str:level>/<path:place>", views.tile, name="ledger-tile"),
    path("proof/<int:entry>.json", views.proof, name="ledger-proof"),
]
