"""Install, boot, watch and stop a gateway."""
