"""Floor 4: seeds to pictures."""
