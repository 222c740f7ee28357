"""What imports make is left alone by the garbage collector, and stays its user's."""

from __future__ import annotations

import gc

from harness.garbage_collector import importing


def test_what_an_import_makes_is_old_but_can_be_collected():
    gc.unfreeze()
    with importing():
        made = ["a list of its own"]
    assert not gc.get_freeze_count()
    assert any(each is made for each in gc.get_objects(generation=2))


def test_what_an_import_makes_is_frozen_where_a_program_freezes():
    gc.freeze()
    try:
        with importing():
            made = ["a list of its own"]
        assert gc.get_freeze_count()
        assert not any(each is made for each in gc.get_objects())
    finally:
        gc.unfreeze()
