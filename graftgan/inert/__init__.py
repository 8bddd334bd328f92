"""Floor 1: other people's files read as data. Nothing in this room looks a name up, calls or imports it."""
