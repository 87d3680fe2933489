"""Passwords: Argon2id hashes, and the rules for new ones in the spirit of NIST SP 800-63B, section 5.1.1.2.

Length counts and composition does not; a short list of common ones, repeats, and runs are refused.
Trap: one hash takes 64 MiB, so only a few are made at a time, whoever asks.
"""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
import zlib

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hilum.web.problems import InvalidRequest
from hilum.web.translation import N_

UNEQUAL = N_("The two passwords differ.")  # where a form asks for one twice
LEAST_LENGTH = 12  # characters
MOST_LENGTH = 256
AT_A_TIME = 2  # hashes; a burst of log-ins must not take the memory of the workers
N_TURNS = 64  # locks that logins share
LEAST_KINDS = 5  # distinct characters

# Of the lists of leaked passwords, those that are long enough to pass the length, and ours.
COMMON = frozenset(
    (
        "123456789012", "1234567890123", "123123123123", "password1234", "password12345",
        "passwordpassword", "password123456", "administrator", "administrator1", "administrator123",
        "qwertyuiop12", "qwertyuiop123", "qwertyuiop[]", "qwerty123456", "1qaz2wsx3edc", "1q2w3e4r5t6y",
        "1q2w3e4r5t6y7u", "zaq12wsxcde3", "qazwsxedcrfv", "asdfghjkl123", "zxcvbnm12345", "iloveyou1234",
        "iloveyouforever", "letmein12345", "letmeinplease", "welcome12345", "welcome123456",
        "changeme1234", "changemenow1", "changeme12345", "correcthorsebatterystaple", "trustno1trustno1",
        "football1234", "baseball1234", "superman1234", "princess1234", "sunshine1234", "monkey123456",
        "dragon123456", "abcd12345678", "abc123456789", "a1b2c3d4e5f6", "secret123456", "default12345",
        "adminadmin12", "admin1234567", "admin12345678", "root12345678", "hilumhilum12", "hilumhilumhilum",
        "hospital1234", "hospital12345", "radiology123", "radiology1234", "radiographer", "radiographer1",
        "radiographer123", "radiologist1", "radiologist123", "tuberculosis", "tuberculosis1",
        "tuberculosis123", "chestxray123", "clinicclinic", "clinic123456", "doctor123456", "p@ssw0rd1234",
        "p@ssword1234", "passw0rd1234"
    )
)  # fmt: skip
TOO_SHORT = N_("The password is too short: take 12 characters or more, for example four words.")
TOO_LONG = N_("The password is too long: take at most 256 characters.")
TOO_COMMON = N_("The password is one of the first that would be tried. Take another.")
TOO_LIKE_LOGIN = N_("The password is little more than the login or the name. Take another.")
ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")


class Passwords:
    """Makes and checks hashes; one of these in an app.

    Args:
        hasher: Argon2id with RFC 9106's second choice of parameters, unless a test wants it quick.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._seats = threading.BoundedSemaphore(AT_A_TIME)
        self._turns = tuple(threading.Lock() for _ in range(N_TURNS))
        self._nobody = self.made_hash(secrets.token_urlsafe(16))

    def turn(self, login: str, address: str) -> threading.Lock:
        """Held while an attempt is counted, checked, and forgiven, so that many right ones at once pass."""
        return self._turns[zlib.crc32(f"{login}\0{address}".encode("utf-8", "replace")) % N_TURNS]

    def made_hash(self, password: str) -> str:
        """What the person's row keeps."""
        with self._seats:
            return self._hasher.hash(plain_form(password))

    def is_right(self, password: str, kept: str | None) -> bool:
        """Whether it is the one; as slow for a person without a password, or for nobody, as for anyone."""
        with self._seats:
            try:
                self._hasher.verify(kept or self._nobody, plain_form(password)[:MOST_LENGTH])
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def is_dated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)


def plain_form(password: str) -> str:
    """One form for what keyboards compose differently (NFKC, as SP 800-63B asks)."""
    return unicodedata.normalize("NFKC", password)


def check_new_password(password: str, *, login: str, name: str = "") -> None:
    """Refuse a password that is easily guessed.

    Raises:
        InvalidRequest: saying what is wrong with it.
    """
    password = plain_form(password)
    if len(password) < LEAST_LENGTH:
        raise InvalidRequest(TOO_SHORT, "password")
    if len(password) > MOST_LENGTH:
        raise InvalidRequest(TOO_LONG, "password")
    small = password.casefold()
    if small in COMMON or len(set(small)) < LEAST_KINDS or _is_a_run(small):
        raise InvalidRequest(TOO_COMMON, "password")
    if _says_no_more_than(small, (login, name, "hilum")):
        raise InvalidRequest(TOO_LIKE_LOGIN, "password")


def _is_a_run(password: str) -> bool:
    """A row of the alphabet or the keyboard, forwards or backwards, or a short word said again and again."""
    is_row = any(password in row or password[::-1] in row for row in ROWS)
    return is_row or re.fullmatch(r"(.{1,6})\1+", password, re.DOTALL) is not None


def _says_no_more_than(password: str, words: tuple[str, ...]) -> bool:
    rest = password
    for word in sorted((word.casefold() for word in words if len(word) >= 3), key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != password and len(rest) < LEAST_LENGTH // 2
