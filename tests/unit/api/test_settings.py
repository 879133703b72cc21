"""Settings of the API: closed to others unless tokens are set, and faults told without secrets."""

from pathlib import Path

import pytest

from streams.api.settings import ApiSettings
from streams.api.tokens import make
from streams.declared import SettingsError
from streams.settings import unknown

ENTRY = make("lena:operator")[1]


def faults_of(**environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        ApiSettings.from_env({f"PULSE_API_{name}": value for name, value in environ.items()})
    return {fault.name.removeprefix("PULSE_API_"): str(fault) for fault in caught.value.faults}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.8.8"])
def test_on_loopback_nothing_is_demanded_until_tokens_are_set(host: str):
    assert not ApiSettings.from_env({"PULSE_API_HOST": host}).demands_token
    given = {"PULSE_API_HOST": host, "PULSE_API_TOKENS": ENTRY}
    assert ApiSettings.from_env(given).demands_token


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pulse.example"])
def test_elsewhere_tokens_are_demanded_and_there_must_be_some(host: str):
    assert "others can reach" in faults_of(HOST=host)["TOKENS"]
    assert ApiSettings.from_env({"PULSE_API_HOST": host, "PULSE_API_TOKENS": ENTRY}).demands_token


def test_tokens_can_be_demanded_on_loopback_too(tmp_path: Path):
    assert "PULSE_API_ACCESS is token" in faults_of(ACCESS="token")["TOKENS"]
    file = tmp_path / "tokens"
    file.write_text(ENTRY)
    given = {"PULSE_API_ACCESS": "token", "PULSE_API_TOKENS_FILE": str(file)}
    assert ApiSettings.from_env(given).demands_token


def test_faulty_tokens_are_told_of_and_not_shown():
    fault = faults_of(TOKENS=f"{ENTRY},hunter2")["TOKENS"]
    assert "number 2 is none" in fault
    assert "hunter2" not in fault
    assert ENTRY not in repr(ApiSettings(api_tokens=ENTRY))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("RETENTION", "5"),
        ("MINUTES_RETENTION", "31536000"),
        ("SESSION_SECRET", "short"),
        ("PUBLIC_URL", "https://a.example,https://b.example"),
        ("PUBLIC_URL", "ftp://a.example"),
        ("CORS_ORIGINS", "*"),
        ("TOKENS_FILE", "/none"),
        ("MAX_STREAMS", "0"),
    ],
)
def test_values_out_of_range_are_refused(name: str, value: str):
    assert name in faults_of(**{name: value})


def test_a_misspelt_variable_is_told_with_the_one_that_was_meant():
    assert unknown({"PULSE_API_TOKEN": "x"}) == {"PULSE_API_TOKEN": "PULSE_API_TOKENS"}
