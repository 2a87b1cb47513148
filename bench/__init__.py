"""`./muster bench`: the figures that matter, on a throw-away PostgreSQL. Ratios of one run are what counts."""
