import palyra_kernel as palyra


class Names(palyra.Command):
    name = "names"

    def build(self):
        import click

        @click.command(help="Show the names of the secrets in a scope.")
        @click.argument("scope", default="global")
        @click.pass_obj
        def command(place, scope):
            with place.session() as session:
                for each in session.secrets.list(scope):
                    click.echo(each.ref)

        return command


palyra_commands = palyra.hookimpl(lambda: [Names])
