"""Settings of the sparsity room's tests."""

from hypothesis import settings

# a busy machine is no failure
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
