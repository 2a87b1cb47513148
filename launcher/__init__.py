"""What `./muster` is made of: it installs, starts, watches and stops the portal on one machine.

Standard library only, because it runs before anything is installed.
"""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
