"""The audit log: what sessions did, in a form that an auditor can check."""
