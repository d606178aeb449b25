"""How large a platform must be for how many bots: a model fitted to benchmarks/scale.json, and its simulation."""
