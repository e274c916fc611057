"""Who is on call, and how a page reaches a person. Pure."""
