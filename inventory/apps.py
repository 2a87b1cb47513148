"""The app's configuration."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        """Make the registers and their words known."""
        import_module("inventory.registers")
        import_module("inventory.vocabulary")
