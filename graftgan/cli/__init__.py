"""Floor 7: one file a verb. Parses options, calls a recipe, turns its errors into one line and an exit code."""
