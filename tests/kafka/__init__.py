"""Tests of the broker's side: the transport port, topics, connections, the embedded broker."""
