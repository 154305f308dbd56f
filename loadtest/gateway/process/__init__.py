"""Programs as processes: start, supervise and end them, with everything they started."""
