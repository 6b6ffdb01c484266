"""The composition root: settings in, a running process out."""
