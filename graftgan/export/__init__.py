"""Floor 4: out of the house: the model card, later ONNX and the model hub."""
