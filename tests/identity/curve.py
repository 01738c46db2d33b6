"""The curve of RFC 8032 once more, slowly and from its equation, to judge lists of points by."""

from __future__ import annotations

PRIME = 2**255 - 19
D = -121665 * pow(121666, -1, PRIME) % PRIME
IDENTITY = (0, 1)

Point = tuple[int, int]


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, PRIME)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, PRIME)
    return x % PRIME, y % PRIME


def x_of(y: int) -> int | None:
    """The even x of the points with *y*, or None where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if (x * x - square) % PRIME:
        return None
    return x if x % 2 == 0 else PRIME - x


def encodings(point: Point) -> list[bytes]:
    """Every 32 bytes that a decoder which forgives everything takes for *point*, the canonical form first."""
    x, y = point
    signs = (x % 2,) if x else (0, 1)
    numbers = (y,) if y + PRIME >= 2**255 else (y, y + PRIME)
    return [(number | sign << 255).to_bytes(32, "little") for number in numbers for sign in signs]


def _base() -> Point:
    y = 4 * pow(5, -1, PRIME) % PRIME
    x = x_of(y)
    assert x is not None
    return x, y


BASE = _base()


def torsion() -> list[Point]:
    """The eight points whose order divides 8, from a point of no special kind times the order of the large subgroup."""
    order = 2**252 + 27742317777372353535851937790883648493
    for y in range(2, 100):
        x = x_of(y)
        if x is None:
            continue
        generator = times(order, (x, y))
        points = [times(k, generator) for k in range(8)]
        if len(set(points)) == 8:
            return points
    raise AssertionError("no generator of the torsion subgroup")


def times(scalar: int, point: Point) -> Point:
    """*point* added to itself."""
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result
