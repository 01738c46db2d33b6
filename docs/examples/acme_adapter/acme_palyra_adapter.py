import palyra_kernel as palyra

AUTH, API = "https://auth.acme.example/oauth", "https://api.acme.example/v1"


class Acme(palyra.OAuthRefreshAdapter):
    provider = "acme"
    hosts = ("auth.acme.example", "api.acme.example")

    def metadata(self, profile, http, deadline):
        paths = {f"{name}_endpoint": f"{AUTH}/{name}" for name in ("authorization", "token", "revocation")}
        return palyra.OAuthMetadata(**paths, default_scopes=("models", "offline_access"))

    def refresh(self, grant, http, deadline):
        return palyra.standard_refresh(grant, http, deadline)

    def revoke(self, grant, http, deadline):
        return palyra.standard_revoke(grant, http, deadline)

    def classify(self, response):
        return palyra.standard_classify(response)

    def preflight(self, key, http, deadline):
        request = palyra.HttpRequest("GET", f"{API}/models", headers=self.headers(key, "api_key"))
        return palyra.standard_preflight(request, http, deadline)


palyra_oauth_adapters = palyra.hookimpl(lambda: [Acme])
