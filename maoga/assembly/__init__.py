"""Puts the use cases together: `build` for the whole, a module for each part."""
