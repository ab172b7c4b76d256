"""One module per step, by number."""
