"""Mining with workers on other machines: queries in blocks, shards in groups, results joined in order."""
