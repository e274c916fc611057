"""Chaos on the real thing: real processes killed at random and at commit points, while calls keep coming."""
