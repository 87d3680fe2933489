"""The way to a Kaggle dataset, through Kaggle's own client library: it finds the token and speaks the API.

The trap: the library authenticates while it is imported, prints to standard output, ends the process where it
finds no token, waits for ever on a silent server, and prints the token where VERBOSE is set: not here.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hilum.data.remote import TRANSIENT, RemoteFile, network_fault, remote_file, retry_after_s
from hilum.errors import ExtraMissing, FetchFailed, FetchInterrupted, HilumError, TokenMissing

T = TypeVar("T")

ANSWER_S = 60.0  # seconds that the API may take to answer; it takes one or two
HOW_TO_GET_A_TOKEN = (
    "to get one, sign in at www.kaggle.com, open Settings, then API, press Generate New Token, "
    "and save it as ~/.kaggle/access_token or set KAGGLE_API_TOKEN"
)


@dataclass(frozen=True, slots=True)
class KaggleDataset:
    """A dataset on Kaggle, downloaded as one zip."""

    owner: str
    slug: str
    about: str  # what is in it, for messages

    @property
    def page(self) -> str:
        return f"https://www.kaggle.com/datasets/{self.owner}/{self.slug}"

    @property
    def file_name(self) -> str:
        return f"{self.slug}.zip"

    @property
    def without_token(self) -> str:
        """What to do where Kaggle's API will not do."""
        return (
            f"without it, download {self.file_name} in a browser from {self.page} "
            f"(or the films from the U.S. National Library of Medicine) and run: "
            f"hilum data import {self.file_name} --out DIR"
        )


def find_dataset(dataset: KaggleDataset, *, answer_s: float = ANSWER_S) -> RemoteFile:
    """Ask Kaggle for the dataset's zip; none of it is read yet.

    Raises:
        ExtraMissing: Kaggle's library is not installed.
        TokenMissing: no token is where the library looks for one.
        FetchFailed: the token is rejected, the dataset is closed to this account or gone.
        FetchInterrupted: no network, or a server in trouble.
    """
    try:
        import requests
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    try:
        response = _within(answer_s, lambda: _ask(dataset))
    except requests.HTTPError as error:
        raise _http_fault(error.response, dataset) from None
    except requests.RequestException as error:
        raise FetchInterrupted(network_fault(error)) from None
    with contextlib.closing(response):
        remote = remote_file(response)
    if remote is None:
        raise FetchFailed(
            "the answer is a page instead of a file; does this network ask to sign in first? "
            f"Otherwise, {dataset.without_token}"
        )
    return remote


def _ask(dataset: KaggleDataset) -> Any:
    """The API's answer to a request for the dataset, redirections followed and its body not yet read."""
    api = _authenticated_api(dataset)
    from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest

    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug = dataset.owner, dataset.slug
    with api.build_kaggle_client() as client:
        return client.datasets.dataset_api_client.download_dataset(request)


def _authenticated_api(dataset: KaggleDataset) -> Any:
    try:
        import kaggle
        import kagglesdk
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    except OSError as error:
        raise FetchFailed(
            f"Kaggle's client cannot make its settings folder ({error.strerror}); "
            "set KAGGLE_CONFIG_DIR to a folder it may write to"
        ) from None
    api = kaggle.KaggleApi()
    api.args = [word for word in api.args if word not in ("--verbose", "-v")]  # they print the token
    try:
        api.authenticate()
    except SystemExit:
        token, place = kagglesdk.get_access_token_from_env()
        if token:
            raise FetchFailed(_rejected(f" in {place}")) from None
        raise TokenMissing(
            f"no Kaggle token was found; {HOW_TO_GET_A_TOKEN}; {dataset.without_token}"
        ) from None
    return api


def _missing(error: ModuleNotFoundError) -> HilumError:
    """Kaggle 2.2.4 imports six and does not declare it, so an install can lack a part of the library."""
    if error.name in ("kaggle", "kagglesdk", "requests"):
        return ExtraMissing("hilum data fetch", "fetch")
    return FetchFailed(f"Kaggle's client lacks the package {error.name}; run: pip install {error.name}")


def _within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` returns or raises, in silence; the library waits for an answer without limit."""
    outcome: list[Callable[[], T]] = []

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # SystemExit too: it is how the library says that there is no token
            outcome.append(_raiser(error))
        else:
            outcome.append(lambda: result)

    thread = threading.Thread(target=run, daemon=True)
    with contextlib.redirect_stdout(io.StringIO()):
        thread.start()
        thread.join(seconds)
    if not outcome:
        raise FetchInterrupted(f"Kaggle did not answer within {seconds:.0f} s")
    return outcome[0]()


def _raiser(error: BaseException) -> Callable[[], Any]:
    def reraise() -> Any:
        raise error

    return reraise


def _http_fault(response: Any, dataset: KaggleDataset) -> FetchFailed:
    status = response.status_code
    if status in TRANSIENT or status >= 500:
        return FetchInterrupted(f"Kaggle's server is in trouble (HTTP {status})", retry_after_s(response))
    if status == 401:
        return FetchFailed(_rejected(""))
    if status == 403:
        return FetchFailed(
            f"Kaggle does not give {dataset.owner}/{dataset.slug} to this account (HTTP 403): sign in, open "
            f"{dataset.page}, accept the terms if it asks, and check that the account is verified; "
            f"{dataset.without_token}"
        )
    if status == 404:
        return FetchFailed(f"Kaggle has no dataset at {dataset.page} any more (HTTP 404)")
    return FetchFailed(f"Kaggle refuses the request (HTTP {status}); {dataset.without_token}")


def _rejected(place: str) -> str:
    return f"Kaggle rejects the token{place}: it is mistyped, expired, or withdrawn; {HOW_TO_GET_A_TOKEN}"
