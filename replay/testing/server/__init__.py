"""A local server that speaks the chat API of LlamaCloud, for tests without a network.

It needs the extra ``serve``, and nothing else of the library imports it but the
command ``replay serve`` and the pytest fixture.
"""
