"""Pairs of calls on base and head: which to make, and what they prove. Pure."""
