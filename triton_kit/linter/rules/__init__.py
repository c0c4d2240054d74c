"""The rules, one function each, in modules and rooms by their subject; ``linter.areas`` lists the modules."""
