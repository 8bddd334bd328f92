"""Floor 5: seeds to pictures."""
