"""Chainrule's neighbours: a file for each."""
