"""The composition: settings, app, worker, command line."""
