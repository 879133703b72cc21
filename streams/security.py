"""Security: what settings say of logging in to the brokers and of TLS, as clients take it.

Knows certificates, keys and aiokafka's names for all that. Must not know who connects.
"""

import ssl
from typing import Any

from streams.settings import Fault, Settings, SettingsError, env_name


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """What TLS to the brokers needs; None where the protocol is without TLS.

    Raises SettingsError where the files do not hold what they should.
    """
    if not settings.security_protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError([_unreadable(settings, "ssl_cafile", error)]) from error
    if settings.ssl_certfile is not None:
        try:
            context.load_cert_chain(
                settings.ssl_certfile, settings.ssl_keyfile, settings.ssl_key_password
            )
        except (ssl.SSLError, OSError) as error:
            raise SettingsError([_unreadable(settings, "ssl_certfile", error)]) from error
    return context


def kafka_security(settings: Settings) -> dict[str, Any]:
    """Keyword arguments of any aiokafka client for logging in and for TLS."""
    arguments: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.security_protocol.endswith("SSL"):
        arguments["ssl_context"] = ssl_context(settings)
    if settings.security_protocol.startswith("SASL"):
        arguments["sasl_mechanism"] = settings.sasl_mechanism
        arguments["sasl_plain_username"] = settings.sasl_username
        arguments["sasl_plain_password"] = settings.sasl_password
    return arguments


def _unreadable(settings: Settings, name: str, error: Exception) -> Fault:
    return Fault(env_name(name), settings.shown(name), f"certificates in PEM form ({error})")
