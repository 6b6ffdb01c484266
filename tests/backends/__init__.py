"""The real servers that tests run against, and how they are found or started."""
