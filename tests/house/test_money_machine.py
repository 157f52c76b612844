"""The office against a plain book: whatever is tried in whatever order, both agree to the fen.

Each run lays out a small office and tries a random list of operations, sensible and not.
The book says of each whether it may happen; what is refused leaves no trace; afterwards
every bucket equals the book's and every invariant holds.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.house.trial import Numbers, opened

ORDINARY = ("onward", "onward", "onward", "draft", "award", "batch")
SUDDEN = (
    *(
        "receive",
        "reduce",
        "transfer",
        "plan",
        "terminate",
        "terminate",
        "complete",
        "submit",
        "take_back",
    ),
    *(
        "correct",
        "freeze",
        "send",
        "cancel_batch",
        "answer",
        "answer",
        "refund",
        "refund",
        "approve",
    ),
)
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from((*ORDINARY, *ORDINARY, *SUDDEN)),
        st.tuples(*[st.integers(0, 99)] * 3),
    ),
    min_size=15,
    max_size=30,
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(operations=OPERATIONS)
async def test_the_office_agrees_with_a_plain_book(
    database: None, operations: list[tuple[str, Numbers]]
) -> None:
    office = await opened()
    for name, numbers in operations:
        await getattr(office, f"op_{name}")(numbers)
    await office.agrees()
