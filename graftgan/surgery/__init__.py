"""Floor 4: change a trained network from outside, never editing its file."""
