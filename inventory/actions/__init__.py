"""Changes with a meaning: one verb a module. Permission is checked inside."""
