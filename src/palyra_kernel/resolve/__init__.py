"""References to secrets, wherever they are: one resolver over the sources that are built in and those of plugins.

``chains`` follows a reference and its fallbacks; ``asking`` calls each source once for what many want, ``buckets``
count them; ``memory`` holds what was read and decides by the policies of each reference when it is read again and what
is shown; ``known_good`` keeps a sealed copy that may answer for a failed source; ``catalog`` opens sources. Most runs
read the vault and nothing else, so this package imports nothing by itself.
"""
