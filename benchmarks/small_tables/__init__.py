"""Small tables from packages, models to fit to them, and what their scores come to."""
