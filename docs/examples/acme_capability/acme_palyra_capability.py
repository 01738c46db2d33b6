import json
from pathlib import Path

import palyra_kernel as palyra


class Shelf(palyra.Capability):
    name = "acme.shelf"

    def __init__(self, folder):
        self.folder = Path(folder)

    @classmethod
    def open(cls, place):
        if place.settings.keys() != {"folder"}:
            raise palyra.InvalidInputError("invalid_config", "acme.shelf has one setting: folder")
        return cls(place.settings["folder"])

    def run(self, input, call):
        if json.loads(input) != {}:
            raise palyra.InvalidInputError("invalid_input", "acme.shelf is asked with {}")
        names = sorted(each.name for each in self.folder.iterdir())
        return json.dumps({"names": names[:100], "more": len(names) > 100}).encode()


palyra_capabilities = palyra.hookimpl(lambda: [Shelf])
