"""The published language: what Fairlead reads and writes, as pydantic models and as generated documents.

It imports nothing of the service, so that others can install it. `python -m schemas` writes JSON Schemas, examples and
the AsyncAPI document beside the models.
"""
