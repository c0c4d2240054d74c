"""Rules about ONNX models."""
