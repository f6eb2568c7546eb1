"""What chooses zeros: scores, allocation, schedules, regrowth, and the pruner that keeps them."""
