"""The work door of the gateway: mutual TLS, and nothing counts as connected before the gateway said something."""

from __future__ import annotations

from typing import NamedTuple, Self, TypeVar

from palyra_kernel.device.accepting import stored_bundle
from palyra_kernel.device.connecting import Dial, Me, dial, trusting, unwelcome
from palyra_kernel.device.documents import Credential, Holding
from palyra_kernel.device.holder import Holder
from palyra_kernel.errors import DeniedError, PalyraError
from palyra_kernel.net.link import Link
from palyra_kernel.net.messages import HttpResponse

REFUSED = frozenset({"not_admitted", "cut_off", "gateway_refused"})
"""What a gateway says to a certificate that stands for nobody: an alert, nothing at all, or no."""

T = TypeVar("T")


class Connected(NamedTuple):
    """A connection on which the gateway answered. ``me``: what it said of this device. Use it in ``with``."""

    link: Link
    me: Me
    credential: Credential

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.link.close()


class WorkDoor:
    """Connects the device of *holder*."""

    def __init__(self, holder: Holder, dial: Dial = dial) -> None:
        self._holder = holder
        self._dial = dial

    def connected(self) -> Connected:
        """A connection with the best certificate that the gateway takes; its first use is the acknowledgement.

        Raises :class:`NotFoundError` ``not_paired``; :class:`DeniedError` ``certificate_expired`` if there is none to
        show, ``not_admitted``, ``gateway_refused``; :class:`UnavailableError` ``cut_off``, ``tls_failed`` (which is
        said of a gateway that is not the known one, too), and what :class:`Link` raises.
        """
        known = self._holder.read()
        known.paired()
        refused: PalyraError | None = None
        for credential in known.candidates(self._holder.clock.now_ms()):
            try:
                found = self._arrived(known, credential)
            except PalyraError as error:
                if error.code not in REFUSED:
                    raise
                refused = error
                continue
            if refused is not None:
                self._holder.dropped(known.next)
            return found
        raise refused or DeniedError(
            "certificate_expired",
            "this device has no certificate that is good now",
            hint="palyra device renew; if it is new, look at the clock of this machine",
        )

    def _arrived(self, known: Holding, credential: Credential) -> Connected:
        link = self.link(known, credential)
        try:
            me = answer(link.send("GET", "/v1/self"), Me, link.host)
            if me.device != known.id:
                raise DeniedError("gateway_refused", f"{link.host} takes this device for another one")
            self._holder.used(credential)
            if me.bundle > known.paired().number:
                self._holder.trust(whole(link.send("GET", "/v1/bundle"), link.host))
        except BaseException:
            link.close()
            raise
        return Connected(link, me, credential)

    def link(self, known: Holding, credential: Credential) -> Link:
        """One more connection with *credential*, of which the gateway has not said anything yet."""
        gateway = known.paired()
        with self._holder.keys.tls(credential.key) as key:
            context = trusting(stored_bundle(gateway.bundle).roots, credential.chain, key)
        return self._dial(gateway.pins.work, context)


def answer(response: HttpResponse, form: type[T], host: str) -> T:
    """What *response* says. Raises as :func:`unwelcome` says, :class:`IntegrityError` ``response_malformed``."""
    with response:
        if response.status != 200:
            raise unwelcome(response, host)
        found: T = response.json(form)
        return found


def whole(response: HttpResponse, host: str) -> bytes:
    """The body of *response*. Raises as :func:`unwelcome` says."""
    with response:
        if response.status != 200:
            raise unwelcome(response, host)
        return response.body.reveal()
