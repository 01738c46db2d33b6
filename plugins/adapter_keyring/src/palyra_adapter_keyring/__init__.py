"""A backend of `keyring` over a Palyra vault: pip, twine, poetry and whatever else asks ``keyring`` use what it keeps.

It is never chosen by itself. Name it where you want it::

    pip install palyra-adapter-keyring
    export PYTHON_KEYRING_BACKEND=palyra_adapter_keyring.VaultKeyring

The vault is the one of ``PALYRA_STATE_ROOT`` and ``PALYRA_CONFIG_DIR``, or of the platform's folders. It is opened when
a password is first asked for, once for each process, and must open without a question: with a ``file`` slot, or with
that of a plugin. Nothing here ever prompts; a vault that needs a passphrase is ``KeyringLocked``.

**What it stores.** One secret for each service and user, ``global/keyring/SERVICE/USER``, whose value is the password
and nothing else, so a reference reads it too. Both names are written as :func:`palyra_kernel.key_segment` writes them.

**Who can read what.** Whoever runs as you and can name the backend gets every password that is stored here, as with
any keyring that is unlocked. Secrets of the vault outside of ``keyring/`` are out of its reach.

**Least privilege.** Give an installer or a build a vault of its own, with the one token that it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.credentials import SimpleCredential
from keyring.errors import KeyringError, PasswordDeleteError, PasswordSetError

from palyra_adapter_keyring.errors import translated
from palyra_adapter_keyring.names import Account, account_of, key_of, labels_of, prefix_of
from palyra_adapter_keyring.opened import OpenedVault
from palyra_kernel import NotFoundError

if TYPE_CHECKING:
    from palyra_kernel import SessionSecrets

__all__ = ["VaultKeyring"]


class VaultKeyring(KeyringBackend):
    """Passwords in a Palyra vault. Use it from any thread.

    A vault that does not open is :class:`KeyringLocked` (no slot opens it) or :class:`InitError` (there is none).
    What is damaged or does not answer is a :class:`KeyringError`, never "there is no password".
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring annotates no __init__
        self._vault = OpenedVault()

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805  # a property of the class
        """Below keyring's own ``null`` and ``fail``: usable by name, and never the best of what is installed."""
        return -10

    def get_password(self, service: str, username: str) -> str | None:
        """The password, or None if there is none, or it was deleted or has expired."""
        with translated(KeyringError):
            key = key_of(service, username)
            return self._vault.act(lambda vault: _password(vault, key))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store *password*; durable when it returns."""
        value = _utf8(password)
        with translated(PasswordSetError):
            key, labels = key_of(service, username), labels_of(service, username)
            self._vault.act(lambda vault: vault.put(key, value, labels=labels, content_type="text/plain"))

    def delete_password(self, service: str, username: str) -> None:
        """Delete it; ``palyra secrets undelete`` brings it back, ``palyra secrets destroy`` ends it."""
        with translated(PasswordDeleteError):
            key = key_of(service, username)
            deleted = self._vault.act(lambda vault: vault.delete(key))
        if not deleted:
            raise PasswordDeleteError("there is no such password")

    def get_credential(self, service: str, username: str | None) -> SimpleCredential | None:
        """User and password; without *username* those of the only user. Among several nobody guesses: None."""
        if username is None:
            found = self.list_credentials(service)
            if len(found) != 1:
                return None
            username = found[0].username
        password = self.get_password(service, username)
        return None if password is None else SimpleCredential(username, password)

    def list_credentials(self, service: str | None = None) -> list[Account]:
        """The accounts that have a password, of *service* or of all, sorted. No password is decrypted."""
        with translated(KeyringError):
            prefix = prefix_of(service)
            secrets = self._vault.act(lambda vault: vault.list(prefix=prefix))
            accounts = [account_of(secret) for secret in secrets]
        return sorted(account for account in accounts if account is not None)


def _utf8(password: str) -> bytes:
    try:
        return password.encode()
    except UnicodeEncodeError:
        pass
    # Outside of the block, here and below: the error of the codec holds the password, and would hang on this one.
    raise PasswordSetError("the password is no valid Unicode text")


def _password(vault: SessionSecrets, key: str) -> str | None:
    try:
        with vault.get(key) as secret:
            return str(secret.view(), "utf-8")
    except NotFoundError:
        return None
    except UnicodeDecodeError:
        pass
    raise KeyringError(f"the value of {key} in the vault is no text")
