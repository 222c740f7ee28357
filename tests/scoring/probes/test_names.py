"""Names are swapped for others of their kind, and sources are added and taken out."""

from __future__ import annotations

from random import Random

import pytest

from harness.scoring.probes.names import KINDS, SOURCES, add_attribution, remove_attribution, swap_entity

ENTITIES = [
    ("The ferry sank off Norway.", "Norway"),
    ("Peru has banned the bags.", "Peru"),
    ("In Kenya the rains failed.", "Kenya"),
    ("Chile's copper mines closed.", "Chile"),
    ("A Danish court ruled on it.", "Danish"),
    ("An Italian court ruled on it.", "Italian"),
    ("The Swedish bank cut its rate.", "Swedish"),
    ("Voters in Ohio approved the bond.", "Ohio"),
    ("A dam in Oregon burst.", "Oregon"),
    ("The trams of Lisbon are yellow.", "Lisbon"),
    ("Oslo has banned cars.", "Oslo"),
    ("The factory moved from Milan.", "Milan"),
    ("Trains to Vienna were late.", "Vienna"),
    ("Half of Europe was without power.", "Europe"),
    ("The probe passed Saturn.", "Saturn"),
    ("The vote is on Tuesday.", "Tuesday"),
    ("The Danube flooded the fields.", "Danube"),
    ("Toyota recalled the cars.", "Toyota"),
    ("Poland joined in 2004, and Poland stayed.", "Poland"),
    ("The embassy in Tehran closed.", "Tehran"),
    ("Rice from Vietnam is cheap.", "Vietnam"),
]
PARTS_OF_NAMES = [
    "The Bank of Canada cut its rate.",
    "The Paris Agreement holds.",
    "The Lisbon Treaty holds.",
    "New Mexico voted.",
    "Mali-Ston is a bay.",
    "It is Jane Austria.",
    "The harbor is deep.",
]
WITH_SOURCE = [
    ("The pier is closed, according to the council.", "The pier is closed."),
    ("The pier is closed, the mayor said.", "The pier is closed."),
    ("The pier is closed, said the mayor of the town.", "The pier is closed."),
    ("The pier is closed, officials announced.", "The pier is closed."),
    ("Nine houses burned down, police reported.", "Nine houses burned down."),
    ("According to the council, the pier is closed.", "The pier is closed."),
    ("According to a survey of 2019, half the wells are dry.", "Half the wells are dry."),
    ("The mayor said that the pier is closed.", "The pier is closed."),
    ("The owner announced that the mill would close.", "The mill would close."),
    ("The office stated on May 4 that the lock is safe.", "The lock is safe."),
    ("A study found that the bracelet has no effect.", "The bracelet has no effect."),
    ("Its owner claimed that the mine was safe.", "The mine was safe."),
    ("Police reported on Monday that nine houses burned.", "Nine houses burned."),
    ("Milk is cheaper now, the union says.", "Milk is cheaper now."),
    ("The lock was opened in 1874, the archive noted.", "The lock was opened in 1874."),
    ("Two ships sank there, wrote the keeper.", "Two ships sank there."),
    ("The ministry warned that the dam could burst.", "The dam could burst."),
    ("The dam could burst, the ministry warned.", "The dam could burst."),
    ("The clerk told them that the well was sold.", None),
    ("The mayor said that he was ill.", None),
    ("The pier is closed.", None),
    ("“The pier is closed,” the mayor said.", None),
    ("The letter, which was found, said nothing.", None),
]


@pytest.mark.parametrize(("text", "name"), ENTITIES)
@pytest.mark.parametrize("seed", range(3))
def test_a_name_becomes_another_of_its_kind_everywhere(text, name, seed):
    changed = swap_entity(text, Random(seed))
    kind = next(kind.split() for kind in KINDS if name in kind.split())
    new = next(other for other in kind if other in changed and other not in text)
    assert name not in changed.split()
    article = "An" if new[0] in "AEIO" else "A"
    expected = text.replace(name, new)
    assert changed == expected.replace("An ", f"{article} ", 1) if text.startswith(("A Danish", "An ")) else expected


@pytest.mark.parametrize("text", PARTS_OF_NAMES)
def test_parts_of_longer_names_stay(text):
    assert swap_entity(text, Random(1)) is None


@pytest.mark.parametrize("text", [text for text, _ in ENTITIES])
def test_a_source_is_added_at_the_end(text):
    added = add_attribution(text, Random(1))
    assert added in {f"{text[:-1]}, {source}." for source in SOURCES}


@pytest.mark.parametrize(
    "text", ["The pier is closed, the mayor said.", "Is the pier closed?", "“It is shut.”", "Stop."]
)
def test_no_second_source_and_none_of_what_is_no_statement(text):
    assert add_attribution(text, Random(1)) is None


@pytest.mark.parametrize(("text", "without"), WITH_SOURCE)
def test_a_source_is_taken_out(text, without):
    assert remove_attribution(text, Random(1)) == without


def test_a_source_that_was_added_comes_out_again():
    text = "The trams of the town are yellow."
    assert remove_attribution(add_attribution(text, Random(2)), Random(2)) == text
