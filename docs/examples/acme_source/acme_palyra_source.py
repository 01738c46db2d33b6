from pathlib import Path

import palyra_kernel as palyra


class AcmeSource(palyra.DurableDatabase, palyra.SecretSource):
    scheme = "acme"
    capabilities = staticmethod(lambda: palyra.SourceCapabilities(may_block=False, batch=True, cache="local"))

    @classmethod
    def open(cls, place):
        if place.settings.keys() != {"safe"}:
            raise palyra.InvalidInputError("invalid_config", "[sources.acme] has one setting: safe")
        return cls(Path(place.settings["safe"]), schema=["CREATE TABLE safe (name UNIQUE, value)"], format=1)

    def resolve(self, refs, deadline):
        deadline.check("opening the safe")
        return {ref: self.find(ref) for ref in refs}

    def find(self, ref):
        row = self.row("SELECT value FROM safe WHERE name = ?", [ref.target])
        if row and not ref.query and len(row[0]) <= ref.max_bytes:
            return palyra.SensitiveBytes(row[0])
        kind = "invalid_reference" if ref.query else "too_large" if row else "missing"
        return palyra.SecretError(kind=kind, code=kind, message="no value for it", hint="try: acme list")


palyra_secret_sources = palyra.hookimpl(lambda: [AcmeSource])
