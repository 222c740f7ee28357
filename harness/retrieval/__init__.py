"""Retrieval: retrievers rank the passages of a corpus for a text."""

from harness.retrieval.base import Index, Rankings, Retriever
from harness.retrieval.build import RETRIEVERS, build_retriever, checked_retriever

__all__ = ["RETRIEVERS", "Index", "Rankings", "Retriever", "build_retriever", "checked_retriever"]
