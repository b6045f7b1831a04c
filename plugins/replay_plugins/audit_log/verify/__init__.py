"""Verification of a log: its chain, anchors, openings and proofs."""
