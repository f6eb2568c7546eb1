"""What a model will cost, said before anything runs."""
