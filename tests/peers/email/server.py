"""A mail server by PyPI's aiosmtpd, with a login and refusals on demand.

`server.py IMPLICIT STARTTLS CERTIFICATE KEY FOLDER` listens on both ports of 127.0.0.1 and puts
every mail that it takes into the folder. What it says to a recipient goes by the name before the @.
"""

import asyncio
import itertools
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

REFUSED = {
    "nobody": "550 5.1.1 <nobody@example.net>: no such user here",
    "grey": "450 4.7.1 greylisted, come again in five minutes",
    "policy": "550 5.7.1 not by our rules",
}


class Handler:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.next = itertools.count()

    async def handle_RCPT(self, server, session, envelope, address, options):
        said = REFUSED.get(address.split("@")[0])
        if said:
            return said
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name == "spam":
            return "554 5.7.1 looks like spam"
        if name == "silent":
            # The line breaks before anybody says whether it was taken.
            server.transport.abort()
            await asyncio.sleep(0)
            return "250 nobody hears this"
        path = self.folder / f"{next(self.next)}-{id(self)}.eml"
        path.write_bytes(envelope.original_content)
        return "250 2.0.0 taken"


def allowed(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data == LoginPassword(b"care", b"peer-password")
    return AuthResult(success=right, handled=False)


class Starttls(Controller):
    def factory(self):
        return SMTP(
            self.handler,
            require_starttls=True,
            tls_context=self.tls,
            authenticator=allowed,
            auth_required=True,
        )


def main():
    implicit, starttls, certificate, key, folder = sys.argv[1:]
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    handler = Handler(folder)
    first = Controller(
        handler,
        hostname="127.0.0.1",
        port=int(implicit),
        ssl_context=tls,
        authenticator=allowed,
        auth_required=True,
        auth_require_tls=False,
    )
    second = Starttls(handler, hostname="127.0.0.1", port=int(starttls))
    second.tls = tls
    first.start()
    second.start()
    print("ready", flush=True)
    sys.stdin.read()
    first.stop()
    second.stop()


main()
