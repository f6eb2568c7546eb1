"""The sections of a receipt's page, in the order in which a reader asks."""
