"""The top floor: frameworks, evidence packs, dashboards. Reads every floor below, changes none of them."""

# What makes packs, as they print it; raised with the project's version (a test compares them).
GENERATOR = "Muster 0.1.0"
