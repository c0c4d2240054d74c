"""Rules about TensorFlow models."""
