"""What a run cost and what it saved, metered and printed."""
