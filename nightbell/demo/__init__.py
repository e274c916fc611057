"""The demonstration: real calls through real HTTP, signatures and PostgreSQL, told as they happen."""
