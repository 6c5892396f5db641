"""May this be said? The Django project package, and the only app that knows the whole story."""
