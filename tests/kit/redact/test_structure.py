"""Redaction of nested values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.kit.redact import Redactor

SECRET = "Harbor-48" + "21!"
redactor = Redactor(b"0123456789abcdef")


@pytest.mark.parametrize(
    "value",
    [
        {"password": SECRET},
        {"a": [{"client_secret": SECRET}]},
        {"private_key": f"two words {SECRET}"},
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"dbPassword": [SECRET, SECRET]},
        {"secrets": {"a": 1}, "env": [{"name": "DB_PASSWORD", "value": SECRET}]},
        ["login", "--password", SECRET],
        {"command": f"mysql -u root -p{SECRET} erp"},
        {f"password={SECRET}": 1},
        {"text": f'{{"password": "{SECRET}"}}'},
        {"api-key": {"current": SECRET, "old": SECRET}},
        {"X-Api-Key": SECRET},
        f"password is {SECRET}",
    ],
)
def test_the_secret_is_gone_from_every_place(value: object) -> None:
    assert SECRET not in repr(redactor.redact_value(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        {"password": "${DB_PASS}"},
        {"password": None, "token": True, "secret": ""},
        {"password": "****"},
        {"usage": {"input_tokens": 18231, "output_tokens": 12}},
        {"session_id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301"},
        {"max_tokens": 4096, "token_type": "bearer"},
        {"tool_name": "Bash", "tool_input": {"command": "ls -la /srv", "timeout": 1000}},
        {"pin": "blue", "port": 22},
        [],
        {},
        1.5,
    ],
)
def test_harmless_values_stay(value: object) -> None:
    assert redactor.redact_value(value) == value  # type: ignore[arg-type]


def test_numbers_under_a_password_key_are_replaced() -> None:
    assert "48213" not in repr(redactor.redact_value({"password": 48213, "pin": 482130}))


def test_shape_and_key_order_stay() -> None:
    out = redactor.redact_value({"b": [1, {"password": SECRET, "user": "svc"}], "a": "x"})
    assert isinstance(out, dict)
    assert list(out) == ["b", "a"]
    row = out["b"]
    assert isinstance(row, list)
    assert isinstance(row[1], dict)
    assert list(row[1]) == ["password", "user"]
    assert row[1]["user"] == "svc"


def test_keys_that_become_equal_keep_both_values() -> None:
    out = redactor.redact_value({"<private>a</private>": 1, "<private>b</private>": 2})
    assert isinstance(out, dict)
    assert sorted(v for v in out.values() if isinstance(v, int)) == [1, 2]


def test_depth_beyond_the_interpreter_stack() -> None:
    value: dict[str, object] = {"password": SECRET}
    for _ in range(20_000):
        value = {"a": value}
    out: object = redactor.redact_value(value)  # type: ignore[arg-type]
    while isinstance(out, dict) and "a" in out:
        out = out["a"]
    assert isinstance(out, dict)
    assert str(out["password"]).startswith("[REDACTED:password:")


@pytest.mark.parametrize("value", [b"bytes", {1: "x"}, {"a": object()}])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        redactor.redact_value(value)  # type: ignore[arg-type]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=30)
    | st.just(f"password={SECRET}"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("password", "token", "name", "value", "a", "pin", "credentials")) | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_redacting_a_value_twice_changes_nothing(value: object) -> None:
    once = redactor.redact_value(value)  # type: ignore[arg-type]
    assert redactor.redact_value(once) == once
