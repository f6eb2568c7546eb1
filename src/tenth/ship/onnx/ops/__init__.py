"""How each op of a graph is said in ONNX."""
