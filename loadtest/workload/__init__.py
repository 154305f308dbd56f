"""Profiles and open workloads: arrival rates, stages and schedules."""
