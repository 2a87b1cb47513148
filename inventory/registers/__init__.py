"""The registers. Their order here is that of the side bar."""

# ruff: noqa: I001 - the order of import is the order of the registers
from inventory.registers import systems
from inventory.registers import agents
from inventory.registers import tools
from inventory.registers import ai_models
from inventory.registers import data
from inventory.registers import vendors
from inventory.registers import units
from inventory.registers import risk
from inventory.registers import versions
from inventory.registers import people
from inventory.registers import products
from inventory.registers import documents

__all__ = [
    "agents",
    "ai_models",
    "data",
    "documents",
    "people",
    "products",
    "risk",
    "systems",
    "tools",
    "units",
    "vendors",
    "versions",
]
