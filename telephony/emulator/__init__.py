"""Twilio's side, locally: for demos, rehearsals and tests."""
