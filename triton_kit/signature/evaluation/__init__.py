"""An interpreter of Python source that runs nothing: values that are known are computed, all others are unknown."""
