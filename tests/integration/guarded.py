"""A broker with a listener that asks for a login, and what a deployment must know to pass it."""

from collections.abc import Mapping
from pathlib import Path

from stack.kafka import KafkaServer
from stack.ports import free_port

PASSWORD = "correct horse battery"
JAAS = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required"
    f' username="pulse" password="{PASSWORD}" user_pulse="{PASSWORD}";'
)


def guarded_server(
    workdir: Path, overrides: Mapping[str, str] | None = None
) -> tuple[KafkaServer, dict[str, str]]:
    """A server, not yet started, and the settings for its guarded door; its own has no login."""
    port, inner, controller = free_port(), free_port(), free_port()
    listeners = f"PLAINTEXT://127.0.0.1:{inner},LOGIN://127.0.0.1:{port}"
    server = KafkaServer(
        workdir,
        port=inner,
        overrides={
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": (
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT"
            ),
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.login.plain.sasl.jaas.config": JAAS,
            **(overrides or {}),
        },
    )
    return server, {
        "PULSE_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
        "PULSE_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "PULSE_SASL_USERNAME": "pulse",
        "PULSE_SASL_PASSWORD": PASSWORD,
    }
