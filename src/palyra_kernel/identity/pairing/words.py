"""Four words that two screens show, so that people can compare them."""

from __future__ import annotations

_TEXT = """
acid acorn actor agent album alley amber anchor angle ankle apple apron arrow atlas autumn bacon badge bagel
baker bamboo banjo barrel basin basket beacon bishop blanket bottle bracket bridge bronze bucket butter cabin
cactus camera candle canoe canvas carbon carpet castle cattle cedar cello chalk cherry chimney cinema circus
clover cobalt coffee comet copper cotton cradle crayon crystal cushion cymbal dagger daisy dancer decade denim
desert diesel dinner dolphin donkey dragon drawer drummer eagle easel echo eclipse elbow elephant emerald engine
envelope escort fabric falcon feather fender ferry fiddle flannel flute forest fossil fountain freight frost
galaxy gallon garden garlic geyser ginger giraffe glacier goblet gondola granite gravel guitar gypsum hammer
harbour harvest hazel helmet heron hobby honey hornet humble hunter iceberg igloo indigo insect island ivory
jacket jaguar jasmine jelly jersey jigsaw jungle kayak kennel kettle kitchen kiwi koala ladder lagoon lantern
lemon leopard lever lily linen lizard lobster locket lotus lumber magnet mango maple marble meadow melon mercury
mirror monkey morning mosaic muffin mustard napkin nectar needle nickel noodle nutmeg oasis ocean olive onion
opera orbit orchid otter oxygen oyster paddle palace panda paper parrot pebble pelican pencil pepper piano
picnic pigeon pillow pirate planet plaza pocket poem polar pony poplar potato prairie pumpkin puzzle quartz
queen quilt quiver rabbit radar raven ribbon river robot rocket rubber saddle salmon sandal satin scarf shadow
sherry silver skate socket spider sugar summit sunset tailor temple thunder tiger timber tomato trumpet tulip
tunnel turtle umbrella uncle valley velvet violin vulture walnut window winter wizard yogurt zebra
"""
WORDS = tuple(_TEXT.split())
"""256, one for each byte. No two begin with the same four letters."""
COUNT = 4


def words(secret: bytes) -> str:
    """The first four bytes of *secret* as words: 32 bits."""
    return " ".join(WORDS[byte] for byte in secret[:COUNT])
