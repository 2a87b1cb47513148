"""What people do with records beyond writing their fields: one verb a module, with its permission inside."""
