"""Whether what is read once may be kept in temporary files."""

import threading

from replay.security.temporary_files import may_use_disk, memory_only


def test_it_may_unless_somebody_asks_for_memory_only() -> None:
    assert may_use_disk()
    with memory_only():
        with memory_only():
            assert not may_use_disk()
        assert not may_use_disk()
    assert may_use_disk()


def test_other_threads_heed_it_too() -> None:
    seen: list[bool] = []
    with memory_only():
        thread = threading.Thread(target=lambda: seen.append(may_use_disk()))
        thread.start()
        thread.join()
    assert seen == [False]
