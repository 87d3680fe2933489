"""What a new password may be: long, and not one of the first that anyone would try."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from hilum.web.accounts.passwords import COMMON, LEAST_LENGTH, Passwords, check_new_password
from hilum.web.problems import InvalidRequest


@pytest.mark.parametrize(
    "password",
    [
        "four words go here",
        "correct staple, no battery",
        "zwölf Zeichen ä",
        "密码很长很长很长很长真的够",
        "x9!" + "kLmq7Rt2z",
        "Tr0ub4dor&3-horse",
    ],
)
def test_a_long_password_is_taken_whatever_it_is_made_of(password):
    """Length counts and composition does not."""
    check_new_password(password, login="ada", name="Ada")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "elevenchars",
        "a" * 257,
        "aaaaaaaaaaaaaaa",
        "abababababab",
        "abcdefghijklmn",
        "nmlkjihgfedcba",
        "123456789012345",
        "qwertyuiopasdf",
        "Password1234",
        "passpasspasspass",
        "adminadminadmin",
        "hilumhilumhilum",
    ],
)
def test_what_is_tried_first_is_refused(password):
    """Too short, too long, repeats, runs, and the heads of the leaked lists."""
    with pytest.raises(InvalidRequest):
        check_new_password(password, login="ada", name="Ada")


@pytest.mark.parametrize(
    "password", ["ada.lovelace1", "Ada.Lovelace99", "countess2026x", "hilum-ada.lovelace"]
)
def test_the_login_or_the_name_with_a_digit_is_refused(password):
    """Whoever knows the person would try it."""
    with pytest.raises(InvalidRequest):
        check_new_password(password, login="ada.lovelace", name="countess")


def test_every_common_password_is_long_enough_to_need_the_list():
    """A shorter one is refused for its length, and would be a dead entry."""
    assert all(len(word) >= LEAST_LENGTH and word == word.casefold() for word in COMMON)


def test_the_station_s_own_parameters_are_those_of_the_rfc():
    """RFC 9106, section 4, second choice: 64 MiB, three passes, four lanes; argon2-cffi's own."""
    made = Passwords().made_hash("four words go here")

    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_one_password_typed_on_two_keyboards_is_one():
    """An e with an accent, and an e followed by one."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    assert passwords.is_right("cafe\u0301 au lait 1", passwords.made_hash("caf\u00e9 au lait 1"))


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$v=19$m=8"])
def test_a_row_without_a_hash_lets_nobody_in(kept):
    """A person of another provider has none; a damaged one is none."""
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))

    assert not passwords.is_right("four words go here", kept)
