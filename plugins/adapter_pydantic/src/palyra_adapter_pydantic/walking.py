"""Where text stands in the data of a settings class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

Location = tuple[str | int, ...]
Visit = Callable[[str, Location], str | bytes]
"""Takes a text and where it stands; returns it, or what takes its place."""


class Value(str):
    """Text that came from a reference, and is none, whatever it says: settings in settings are looked at twice."""

    __slots__ = ()


def mapped(value: Any, visit: Visit, at: Location = ()) -> Any:
    """*value* with each text in it replaced by what *visit* returns; what is secret stays of its secret type."""
    if isinstance(value, Value | BaseSettings):  # other settings have resolved what is theirs
        return value
    if isinstance(value, str):
        return visit(value, at)
    if isinstance(value, SecretStr) and not isinstance(value.get_secret_value(), Value):
        return _secret(value, visit(value.get_secret_value(), at))
    if isinstance(value, Mapping):
        return {key: mapped(item, visit, (*at, _step(key))) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and not hasattr(value, "_fields"):
        return type(value)(mapped(item, visit, (*at, index)) for index, item in enumerate(value))
    if isinstance(value, BaseModel):
        fields = {name: mapped(item, visit, (*at, name)) for name, item in value}
        return value.model_copy(update=fields)
    return value


def with_defaults(
    model: type[BaseModel], data: Mapping[str, Any], wanted: Callable[[Any], bool]
) -> dict[str, Any]:
    """*data* and the defaults, of *model* and of the models in it, that are *wanted* and not given."""
    filled = dict(data)
    for name, field in model.model_fields.items():
        names = _names(name, field)
        given = next((each for each in names if each in filled), None)
        if given is not None:
            inner = _model(field.annotation)
            if inner is not None and isinstance(filled[given], Mapping):
                filled[given] = with_defaults(inner, filled[given], wanted)
        elif names and field.default_factory is None and wanted(field.default):
            filled[names[0]] = field.default
    return filled


def _names(name: str, field: FieldInfo) -> list[str]:
    """The keys under which *field* may be given, the preferred one first."""
    alias = field.validation_alias
    if alias is None:
        return [name]
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [*(choice for choice in choices if isinstance(choice, str)), name]


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, optional or not."""
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return models[0] if len(models) == 1 else None


def _secret(before: SecretStr, now: str | bytes) -> SecretStr | SecretBytes:
    if isinstance(now, bytes):
        return SecretBytes(now)
    return before if now == before.get_secret_value() else SecretStr(now)


def _step(key: Any) -> str | int:
    return key if isinstance(key, str | int) else str(key)
