"""Training by the cheapest route."""
