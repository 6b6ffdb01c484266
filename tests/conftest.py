"""Fixtures that several kinds of tests share: real back ends where they can be had."""

pytest_plugins = ["tests.backends.redis_fixture", "tests.backends.kafka_fixture"]
