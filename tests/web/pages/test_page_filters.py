"""The worklist's address as a filter, and back."""

from __future__ import annotations

import pytest
from starlette.datastructures import QueryParams

from hilum.web.pages.filters import read_listing
from hilum.web.problems import InvalidRequest
from hilum.worklist.search import Sort
from hilum.worklist.states import Opinion, State


def listing(query: str):
    return read_listing(QueryParams(query), default_sort=Sort.OLDEST)


def test_an_address_is_read_whole():
    """Fields, several values of one, and numbers with a comma."""
    found = listing(
        "q= Mary &state=scored&state=read&flag=no&age_from=17,5&opinion=normal&verdict=yes&sort=highest"
    )

    assert found.wanted.text == "Mary"
    assert found.wanted.states == (State.SCORED, State.READ)
    assert found.wanted.is_flagged is False
    assert found.wanted.age_from == 17.5
    assert found.wanted.opinions == (Opinion.NORMAL,)
    assert found.sort is Sort.HIGHEST


def test_empty_fields_do_not_matter():
    """A browser sends every field of a form."""
    assert listing("q=&state=&from=&age_from=&flag=") == listing("")


@pytest.mark.parametrize(
    "query",
    ["flag=maybe", "state=asleep", "from=yesterday", "age_from=old", "age_to=nan", "age_to=inf", "upload=-1",
     "upload=99999999999", "sort=random", "test=perhaps", "refusal=ugly", "origin=mars", "score_from=-5"],
)  # fmt: skip
def test_what_cannot_be_names_its_field(query):
    """Never left aside, lest the list show more than was asked for."""
    with pytest.raises(InvalidRequest, match=query.partition("=")[0]):
        listing(query)


def test_an_address_is_written_as_it_was_read():
    """Letters of any script, and signs that mean something in an address."""
    found = listing("q=%D9%85%D8%B1%D9%8A%D9%85+%26+x&site=A%2FB")

    assert listing(found.query) == found


def test_a_blind_listing_tells_nothing_of_scores_or_verdicts():
    """Neither by a filter nor by its order."""
    found = listing("flag=yes&score_from=50&refusal=blank&opinion=normal&sort=highest&site=Hill").blinded()

    assert found.wanted.is_flagged is None
    assert found.wanted.score_from is None
    assert found.wanted.opinions == ()
    assert found.sort is Sort.OLDEST
    assert found.query == "sort=oldest&site=Hill"
