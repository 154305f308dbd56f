"""Users whose backends behave as in production: paged, partly invalid, slow, away, protected."""
