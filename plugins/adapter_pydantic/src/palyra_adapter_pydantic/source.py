"""The settings source, for classes that choose their sources themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

from palyra_adapter_pydantic.resolving import SCHEMES, Resolver, resolved

if TYPE_CHECKING:
    from palyra_kernel import Kernel


class PalyraSettingsSource(PydanticBaseSettingsSource):
    """What *sources* say together, the first of them counting most, with a value for each reference::

        @classmethod
        def settings_customise_sources(cls, settings_cls, init_settings, env_settings, **others):
            return (PalyraSettingsSource(settings_cls, init_settings, env_settings),)

    *resolver* is ``kernel.resolver``, a Kernel, or None: then the default vault is opened if there is a reference, and
    closed again. *schemes* are those of references. Raises :class:`pydantic.ValidationError` when called, and
    :class:`SettingsError` if the settings class would show inputs in its errors.
    """

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        *sources: PydanticBaseSettingsSource,
        resolver: Resolver | Kernel | None = None,
        schemes: Collection[str] = SCHEMES,
    ) -> None:
        super().__init__(settings_cls)
        if not settings_cls.model_config.get("hide_input_in_errors"):
            raise SettingsError(
                f"{settings_cls.__name__} would show values in its errors: set hide_input_in_errors=True"
            )
        self._sources = sources
        self._resolver = resolver
        self._schemes = schemes

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Part of the interface; nobody asks for one field here."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        state: dict[str, Any] = {}
        said: dict[str, dict[str, Any]] = {}
        for source in self._sources:
            source._set_current_state(state)
            source._set_settings_sources_data(said)
            said[type(source).__name__] = here = source()
            state = _over(state, here)
        return resolved(self.settings_cls, state, self._resolver, self._schemes)


def _over(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Both, dictionaries in them too; *first* counts where both speak."""
    merged = {**second, **first}
    for key in first.keys() & second.keys():
        one, other = first[key], second[key]
        if isinstance(one, dict) and isinstance(other, dict):
            merged[key] = _over(one, other)
    return merged
