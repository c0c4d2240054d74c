"""The rules, one function each, one module an area."""
