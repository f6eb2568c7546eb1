"""What executes zeros: C sources, their packing, and the compiler that builds them."""
