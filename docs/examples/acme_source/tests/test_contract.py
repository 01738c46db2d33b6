import pytest
from acme_palyra_source import AcmeSource

from palyra_kernel import Deadline, SourcePlace
from palyra_kernel.testing import SecretSourceContract


class TestAcmeSource(SecretSourceContract):
    absent = "acme://nothing-here"
    malformed = ("acme://name?no=query",)

    @pytest.fixture
    def settings(self, tmp_path):
        return {"safe": str(tmp_path / "safe.db")}

    @pytest.fixture
    def source(self, settings):
        return AcmeSource.open(SourcePlace(settings=settings))

    @pytest.fixture
    def store(self, source):
        def put(name, value):
            with source.transaction(Deadline.after(10)) as db:
                db.execute("INSERT OR REPLACE INTO safe VALUES (?, ?)", [name, value])
            return f"acme://{name}"

        return put
