import palyra_kernel as palyra


class PeopleOnly(palyra.PolicyCheck):
    name = "people_only"

    def __init__(self, labels):
        self.labels = frozenset(labels)

    @classmethod
    def open(cls, place):
        if place.settings.keys() != {"labels"}:
            raise palyra.InvalidInputError("invalid_config", "[checks.people_only] has one setting: labels")
        return cls(place.settings["labels"])

    def objection(self, request, deadline):
        by_a_program = request.principal.kind != "user" or request.tool or request.skill
        return "not_a_person" if by_a_program and self.labels.intersection(request.labels) else None


palyra_policy_checks = palyra.hookimpl(lambda: [PeopleOnly])
