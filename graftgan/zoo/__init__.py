"""Floor 4: models on disk. Where a source comes from, how a model is written and how it is read safely."""
