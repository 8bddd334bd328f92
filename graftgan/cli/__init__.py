"""Floor 8: one file a verb. Parses options, calls a recipe, turns its errors into one line and an exit code."""
