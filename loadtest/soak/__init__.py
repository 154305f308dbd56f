"""The soak: scenarios begin at a steady rate, by a plan of stretches, whether or not the gateway keeps up."""
