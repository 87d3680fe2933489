"""Numbers from a prediction table; evaluation never sees a model."""
