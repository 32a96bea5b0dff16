"""Code that calls a model, ready to be copied."""

from __future__ import annotations

PYTHON = """\
import cohere

co = cohere.ClientV2(api_key="{key}", base_url="{address}")
response = co.rerank(
    model="{model}",
    query="how do I cancel",
    documents=["first document", "second document"],
    top_n=3,
)
for result in response.results:
    print(result.index, result.relevance_score)
"""
CURL = """\
curl {address}/v2/rerank \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/json' \\
  -d '{{"model": "{model}", "query": "how do I cancel", "documents": ["first document", "second document"]}}'
"""
OWN_KEY, ANY_KEY = "YOUR_API_KEY", "any"


def snippets(model: str, address: str, guarded: bool) -> dict[str, str]:
    """The call in Python and for curl; a server without a key takes any."""
    values = {"model": model, "address": address, "key": OWN_KEY if guarded else ANY_KEY}
    return {"Python": PYTHON.format(**values), "curl": CURL.format(**values)}
