"""Recall and false hits of redaction, on public samples and ordinary text."""
