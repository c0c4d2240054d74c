"""Rules about OpenVINO models."""
