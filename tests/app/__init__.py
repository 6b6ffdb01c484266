"""The composition root: readiness, supervision, probes."""
