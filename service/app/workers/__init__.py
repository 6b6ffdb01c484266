"""Several processes as one: who begins them and begins them anew, and what they say of themselves together."""
