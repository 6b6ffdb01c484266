"""A made-up CRM and an eye on everything that is published about it."""
