"""Formats of training data, to and from rows."""
