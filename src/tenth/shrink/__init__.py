"""Taking a trained model to a tenth."""
