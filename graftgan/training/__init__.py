"""Floor 5: time. Batches, steps, averages, logs and checkpoints; knows no GAN."""
