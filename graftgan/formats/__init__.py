"""Floor 5: out of the house: ONNX, torch.export's program, the model card, the model hub."""
