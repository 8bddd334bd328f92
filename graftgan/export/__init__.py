"""Floor 5: out of the house: the model card, later ONNX and the model hub."""
