"""How the schema came about, step by step. Steps that were released are never edited."""
