"""Chat completions, as OpenAI and many others send them."""
