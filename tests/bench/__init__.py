"""How fast the service is, measured beside a bare copy loop and a naive service on the same broker and payload."""
