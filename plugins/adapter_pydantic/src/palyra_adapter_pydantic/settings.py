"""The base class of settings that may hold references."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from palyra_adapter_pydantic.resolving import SCHEMES, Resolver, resolved

if TYPE_CHECKING:
    from palyra_kernel import Kernel


class PalyraSettings(BaseSettings):
    """Settings whose references are resolved, whatever source they came from: arguments of the command line too.

    ``secret_resolver`` and ``secret_schemes`` of the class are what :class:`PalyraSettingsSource` takes. A
    :class:`pydantic.ValidationError` holds no input.
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    secret_resolver: ClassVar[Resolver | Kernel | None] = None
    secret_schemes: ClassVar[Collection[str]] = SCHEMES

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
            return
        except ValidationError as error:
            bare = _without_inputs(error)
        # Outside of the block: the first error holds what was resolved, and would hang on this one.
        raise bare

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return resolved(cls, data, cls.secret_resolver, cls.secret_schemes)


def _without_inputs(error: ValidationError) -> ValidationError:
    lines = [
        InitErrorDetails(
            type=PydanticCustomError(line["type"], "{said}", {"said": line["msg"]}),
            loc=line["loc"],
            input=None,
        )
        for line in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)
