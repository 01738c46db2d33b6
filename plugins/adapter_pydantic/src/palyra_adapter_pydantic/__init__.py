"""References to secrets in the fields of ``pydantic-settings``: a program's settings name its keys and hold none.

The short way is a base class::

    from palyra_adapter_pydantic import PalyraSettings
    from pydantic import SecretStr


    class Settings(PalyraSettings):
        openai_key: SecretStr  # OPENAI_KEY=vault://openai/api_key in the environment


    settings = Settings()

Text that begins with ``vault://``, ``env://``, ``file://`` or ``exec://`` is a reference wherever it stands: in the
environment, a ``.env`` file, arguments, defaults; in nested models, lists and values of dictionaries. All of them are
resolved in one batch, before pydantic looks at types. Everything else, ``https://…`` too, stays as it is. The schemes
of plugins are named with ``secret_schemes``.

Who has a ``settings_customise_sources`` of their own wraps its sources in :class:`PalyraSettingsSource`.

**What an error says.** The field and the code of each reference that has no value. No message has an input: the
settings class must have ``hide_input_in_errors``, which :class:`PalyraSettings` brings; it clears ``errors()`` as well.

**Least privilege.** Declare fields as ``SecretStr`` or ``SecretBytes``: a ``str`` shows itself in every ``repr``.
"""

from palyra_adapter_pydantic.resolving import SCHEMES, Resolver
from palyra_adapter_pydantic.settings import PalyraSettings
from palyra_adapter_pydantic.source import PalyraSettingsSource

__all__ = ["SCHEMES", "PalyraSettings", "PalyraSettingsSource", "Resolver"]
