"""The format of the audit log: records, chain, tree, checkpoints, notes."""
