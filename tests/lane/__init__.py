"""Tests of lanes on lists and dictionaries."""
