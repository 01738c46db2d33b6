"""The grammar of OAuth: what is asked and what an answer means (RFC 6749, 7009, 7636, 7662, 8628), for every provider
that keeps to it. Nothing here is stored, decided or tried again."""
