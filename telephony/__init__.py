"""Twilio: signatures, TwiML, the REST gateway; and the local emulator of Twilio."""
