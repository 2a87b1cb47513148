"""How log-ins are shown: one per role, in columns."""

from collections.abc import Mapping
from typing import Any


def login_lines(instance: Mapping[str, Any]) -> list[str]:
    """One log-in for every role. Somebody with that role alone shows it better than somebody with five."""
    best: dict[str, Mapping[str, Any]] = {}
    for user in instance.get("users", []):
        for role in user.get("roles") or ["-"]:
            known = best.get(role)
            if known is None or len(user.get("roles") or []) < len(known.get("roles") or []):
                best[role] = user
    if not best:
        return []
    rows = [("Role", "User name", "Password")]
    rows += [(role, str(user["username"]), str(user["password"])) for role, user in best.items()]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return ["", *(f"  {row[0]:<{first}}  {row[1]:<{second}}  {row[2]}" for row in rows), ""]
