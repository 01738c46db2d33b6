import anyio.to_thread
from starlette.responses import JSONResponse

import palyra_kernel as palyra


class Names(palyra.AsgiApp):
    name = "names"
    door = "local"

    async def __call__(self, scope, receive, send):
        if scope["path"] == f"{scope['root_path']}/global":
            answer = JSONResponse(await anyio.to_thread.run_sync(self.names))
        else:
            answer = JSONResponse({"code": "unknown"}, status_code=404)
        await answer(scope, receive, send)

    def names(self):
        with self.place.session("show names") as session:
            return [str(each.ref) for each in session.secrets.list("global")]


palyra_asgi_apps = palyra.hookimpl(lambda: [Names])
