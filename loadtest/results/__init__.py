"""The run record (``run.json``) and what it consists of. Start reading here."""
