"""Hard-negative mining for rerankers and retrievers."""

__version__ = "0.1.0"
