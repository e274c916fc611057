"""Calendars that people already have, as iCalendar (RFC 5545): fetched, read, and written for them to subscribe to."""
