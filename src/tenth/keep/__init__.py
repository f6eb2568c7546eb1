"""Every fine-tuned variant as a small, exact difference from its base."""
