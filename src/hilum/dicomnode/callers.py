"""Who may call the node: a list of AE titles, each from anywhere or from one address or network.

Trap: an AE title is no proof of anything, since any program may claim any. The list keeps out mistakes; TLS
with client certificates keeps out people.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from hilum.dicomnode.peer import is_ae_title
from hilum.errors import SettingsInvalid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ANYONE = "*"


@dataclass(frozen=True, slots=True)
class Caller:
    """One line of the list."""

    ae_title: str | None  # None: any
    network: Network | None  # None: from anywhere

    def covers(self, ae_title: str, address: str) -> bool:
        """Whether a program of this title at this address is meant."""
        if self.ae_title not in (None, ae_title.strip()):
            return False
        return self.network is None or _address(address) in self.network


def parse_caller(text: str) -> Caller:
    """`CR1`, `CR1@192.168.1.7`, `CR1@192.168.1.0/24`, `*@192.168.1.0/24`, or `*` for anyone.

    Raises:
        SettingsInvalid: it is not of that form.
    """
    ae_title, at, place = text.partition("@")
    form = f"{text!r} names no caller; it looks like AE or AE@ADDRESS, as in CR1@192.168.1.7 or *@10.0.0.0/8"
    if not is_ae_title(ae_title):
        raise SettingsInvalid(form)
    try:
        network = ipaddress.ip_network(place.strip("[]")) if at else None
    except ValueError as error:
        raise SettingsInvalid(f"{form} ({error})") from None
    return Caller(None if ae_title == ANYONE else ae_title.strip(), network)


def may_call(callers: Iterable[Caller], ae_title: str, address: str) -> bool:
    """Whether the list lets a program in."""
    return any(caller.covers(ae_title, address) for caller in callers)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text.partition("%")[0])  # without the zone of a link-local address
    mapped = getattr(found, "ipv4_mapped", None)  # a socket of both kinds writes IPv4 so
    return found if mapped is None else mapped
