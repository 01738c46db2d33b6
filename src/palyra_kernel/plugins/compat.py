"""Does a plugin say that it works with this kernel? ``packaging`` decides; a load seldom needs to ask.

Metadata is read again because editable installs and ``pip install --no-deps`` get past the installer's check.
"""

from __future__ import annotations

from palyra_kernel import __version__
from palyra_kernel.errors import UnavailableError
from palyra_kernel.plugins.distribution import Distribution
from palyra_kernel.plugins.names import canonical, shown
from palyra_kernel.plugins.origin import KERNEL


def kernel_range(distribution: Distribution) -> str:
    """Return the versions of palyra-kernel that *distribution* asks for, for example ``<0.2,>=0.1``.

    Raises :class:`UnavailableError` ``plugin_incompatible`` when it names none.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    specifiers = []
    for line in distribution.requires:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # a requirement that no installer understands names no range either
        if canonical(requirement.name) != KERNEL:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            specifiers += [str(each) for each in requirement.specifier]
    if not specifiers:
        raise UnavailableError(
            "plugin_incompatible",
            f"{distribution.name} {distribution.version} does not say which versions of {KERNEL} it works with",
            hint=f"its author declares a range, for example `{KERNEL}>={__version__},<…`, as a dependency",
        )
    return ",".join(sorted(set(specifiers)))


def require_kernel(accepted: str, what: str) -> None:
    """Raise :class:`UnavailableError` ``plugin_incompatible`` unless this kernel is in the range *accepted*."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        fits = SpecifierSet(accepted).contains(__version__, prereleases=True)
    except InvalidSpecifier:
        fits = False
    if not fits:
        raise UnavailableError(
            "plugin_incompatible",
            f"{what} works with {KERNEL} {shown(accepted)}; this is {__version__}",
            hint="install a version of it that fits, then enable it again",
        )
