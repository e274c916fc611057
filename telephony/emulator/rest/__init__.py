"""Twilio's REST API, as far as calls, messages, queues, conferences, recordings and numbers go."""
