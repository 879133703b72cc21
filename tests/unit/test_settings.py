"""Settings: defaults, faults told together, secrets kept, and the page that explains them."""

import dataclasses
import ssl
from pathlib import Path

import pytest

from streams import settings as module
from streams import settingsview
from streams.security import kafka_security, ssl_context
from streams.settings import Settings, SettingsError, env_name

SECRETS = {
    "PULSE_SECURITY_PROTOCOL": "SASL_SSL",
    "PULSE_SASL_USERNAME": "pulse",
    "PULSE_SASL_PASSWORD": "hunter22hunter22",
    "PULSE_ACTOR_SECRET": "0123456789abcdef",
}


def faults_of(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return {fault.name: fault.expected for fault in caught.value.faults}


def test_nothing_set_gives_a_local_development_worker():
    settings = Settings.from_env({})
    assert settings == Settings()
    assert settings.bootstrap_servers == "127.0.0.1:9092"
    assert settings.http_host == "127.0.0.1"
    assert settings.processing_guarantee == "exactly_once"


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_env({"PULSE_PARTITIONS": "", "PULSE_APP_ID": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("PULSE_BOOTSTRAP_SERVERS", "a:1, b.example:9092", "a:1,b.example:9092"),
        ("PULSE_BOOTSTRAP_SERVERS", "[::1]:9092", "[::1]:9092"),
        ("PULSE_PARTITIONS", "12", 12),
        ("PULSE_TOPIC_PREFIX", "staging.", "staging."),
        ("PULSE_CHECKPOINT_INTERVAL", "0.25", 0.25),
        ("PULSE_LOG_LEVEL", "debug", "DEBUG"),
        ("PULSE_LOG_FORMAT", "json", "json"),
        ("PULSE_HTTP_PORT", "0", 0),
        ("PULSE_SECURITY_PROTOCOL", "ssl", "SSL"),
        ("PULSE_ALLOWED_LATENESS", "0", 0.0),
    ],
)
def test_values_are_read_from_the_environment(name: str, raw: str, value: object):
    settings = Settings.from_env({name: raw})
    assert getattr(settings, name.removeprefix("PULSE_").lower()) == value


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("PULSE_BOOTSTRAP_SERVERS", "localhost"),
        ("PULSE_BOOTSTRAP_SERVERS", "localhost:0"),
        ("PULSE_BOOTSTRAP_SERVERS", "localhost:70000"),
        ("PULSE_BOOTSTRAP_SERVERS", "kafka://localhost:9092"),
        ("PULSE_BOOTSTRAP_SERVERS", "a:1,,b:2"),
        ("PULSE_PARTITIONS", "0"),
        ("PULSE_PARTITIONS", "four"),
        ("PULSE_PARTITIONS", "-1"),
        ("PULSE_PARTITIONS", "1e3"),
        ("PULSE_CHECKPOINT_INTERVAL", "nan"),
        ("PULSE_CHECKPOINT_INTERVAL", "inf"),
        ("PULSE_CHECKPOINT_INTERVAL", "0"),
        ("PULSE_APP_ID", "a b"),
        ("PULSE_TOPIC_PREFIX", "a/b"),
        ("PULSE_PROCESSING_GUARANTEE", "at_most_once"),
        ("PULSE_SASL_MECHANISM", "GSSAPI"),
        ("PULSE_LOG_LEVEL", "LOUD"),
        ("PULSE_HTTP_PORT", "65536"),
        ("PULSE_SSL_CAFILE", "no/such/file.pem"),
        ("PULSE_ACTOR_SECRET", "short"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, raw: str):
    assert name in faults_of({name: raw})


def test_all_faults_are_told_together_with_value_and_expectation():
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"PULSE_PARTITIONS": "x", "PULSE_HTTP_PORT": "99999"})
    assert str(caught.value) == (
        "2 settings are not usable:\n"
        "  PULSE_PARTITIONS='x': expected a whole number from 1 to 1000\n"
        "  PULSE_HTTP_PORT='99999': expected a whole number from 0 to 65535\n"
        "Correct or unset them; `pulse settings` explains every one."
    )


def test_settings_that_do_not_fit_one_another_are_faults():
    assert "PULSE_HEARTBEAT_INTERVAL" in faults_of({"PULSE_HEARTBEAT_INTERVAL": "5"})
    assert set(faults_of({"PULSE_SECURITY_PROTOCOL": "SASL_SSL"})) == {
        "PULSE_SASL_USERNAME",
        "PULSE_SASL_PASSWORD",
    }
    assert set(faults_of({"PULSE_SASL_USERNAME": "me"})) == {"PULSE_SECURITY_PROTOCOL"}


def test_a_certificate_needs_its_key(tmp_path: Path):
    file = tmp_path / "client.pem"
    file.touch()
    assert set(faults_of({"PULSE_SSL_CERTFILE": str(file)})) == {"PULSE_SSL_KEYFILE"}
    assert set(faults_of({"PULSE_SSL_KEYFILE": str(file)})) == {"PULSE_SSL_CERTFILE"}


def test_there_is_one_way_to_log_in_to_the_alertmanagers(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("a-token")
    login = {"PULSE_ALERTMANAGER_USERNAME": "me", "PULSE_ALERTMANAGER_PASSWORD": "a-password"}
    by_file = {"PULSE_ALERTMANAGER_TOKEN_FILE": str(file)}
    by_token = {"PULSE_ALERTMANAGER_TOKEN": "a-token"}
    for one in (login, by_file, by_token):
        assert "a-password" not in repr(Settings.from_env(one))
    assert set(faults_of(by_token | by_file)) == {"PULSE_ALERTMANAGER_TOKEN_FILE"}
    assert set(faults_of(login | by_file)) == {"PULSE_ALERTMANAGER_USERNAME"}
    assert set(faults_of({"PULSE_ALERTMANAGER_USERNAME": "me"})) == {"PULSE_ALERTMANAGER_PASSWORD"}
    assert set(faults_of({"PULSE_ALERTMANAGER_PASSWORD": "x"})) == {"PULSE_ALERTMANAGER_USERNAME"}
    assert "PULSE_ALERTMANAGER_USERNAME" in faults_of(
        login | {"PULSE_ALERTMANAGER_USERNAME": "a:b"}
    )
    missing = {"PULSE_ALERTMANAGER_TOKEN_FILE": str(tmp_path / "none")}
    assert set(faults_of(missing)) == {"PULSE_ALERTMANAGER_TOKEN_FILE"}


def test_a_faulty_value_is_not_blamed_twice():
    assert list(faults_of({"PULSE_HEARTBEAT_INTERVAL": "x", "PULSE_SESSION_TIMEOUT": "2"})) == [
        "PULSE_HEARTBEAT_INTERVAL"
    ]


def test_secrets_show_nowhere():
    settings = Settings.from_env(SECRETS)
    shown = repr(settings) + repr(module.rows(settings))
    assert SECRETS["PULSE_SASL_PASSWORD"] not in shown
    assert SECRETS["PULSE_ACTOR_SECRET"] not in shown
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"PULSE_ACTOR_SECRET": "too-short"})
    assert "too-short" not in str(caught.value)


def test_a_plain_connection_needs_no_security():
    assert kafka_security(Settings()) == {"security_protocol": "PLAINTEXT"}


def test_a_secure_connection_carries_login_and_certificates():
    security = kafka_security(Settings.from_env(SECRETS))
    assert security["sasl_mechanism"] == "PLAIN"
    assert security["sasl_plain_username"] == "pulse"
    assert security["sasl_plain_password"] == "hunter22hunter22"
    assert isinstance(security["ssl_context"], ssl.SSLContext)
    assert security["ssl_context"].check_hostname


def test_a_file_without_certificates_is_named(tmp_path: Path):
    file = tmp_path / "ca.pem"
    file.write_text("not a certificate")
    settings = Settings.from_env({"PULSE_SECURITY_PROTOCOL": "SSL", "PULSE_SSL_CAFILE": str(file)})
    with pytest.raises(SettingsError, match=r"PULSE_SSL_CAFILE=.*certificates in PEM form"):
        ssl_context(settings)


def test_settings_travel_to_a_child_process_unchanged():
    settings = Settings.from_env(
        {**SECRETS, "PULSE_CHECKPOINT_INTERVAL": "0.125", "PULSE_TOPIC_PREFIX": "x."}
    )
    assert Settings.from_env(settings.environ()) == settings


def test_unknown_variables_are_told_with_the_name_that_was_meant():
    environ = {"PULSE_PARTITION": "3", "PULSE_ZZZ": "1", "PULSE_PARTITIONS": "4", "PATH": "/bin"}
    assert module.unknown(environ) == {"PULSE_PARTITION": "PULSE_PARTITIONS", "PULSE_ZZZ": None}


def test_every_setting_is_explained_and_its_default_is_allowed():
    for setting in dataclasses.fields(Settings):
        assert setting.metadata["doc"].endswith("."), setting.name
        if setting.default not in {None, ""}:
            assert setting.metadata["parse"](str(setting.default)) == setting.default
        assert f"`{env_name(setting.name)}`" in settingsview.markdown()


def test_the_page_of_settings_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text() == settingsview.markdown(), (
        "run: pulse settings --markdown > docs/settings.md"
    )
