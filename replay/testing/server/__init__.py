"""A local server that speaks LlamaCloud's chat API, for tests; the extra ``serve``."""
