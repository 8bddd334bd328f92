"""Floor 6: time. Batches, steps, averages, logs and checkpoints; knows no GAN."""
