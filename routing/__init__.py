"""The plan, and where a call goes now, and why. Pure."""
