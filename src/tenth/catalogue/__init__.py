"""Facts about the world, dated and sourced."""
