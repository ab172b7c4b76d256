"""A Microsoft cloud in one process: Entra, Graph, Partner Center, Bot Connector, a Teams-like page.

It is a server, not a switch: it imports nothing of ours outside this package, and nothing of the product asks whether
it is there. Everything it signs is signed with keys made at start; every secret in it is named `insecure-…`.
"""

from __future__ import annotations
