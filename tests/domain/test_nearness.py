from watcher.domain.nearness import near


def test_a_near_name_is_hinted_at_alone_and_equals_together() -> None:
    assert near("onc", {"onq", "osn", "xml"}) == "did you mean 'osn' or 'onq'?"
    assert near("page_sise", {"page_size", "page_limit"}) == "did you mean 'page_size'?"


def test_without_a_near_name_all_are_listed_up_to_a_bound() -> None:
    assert near("zzz", ("b", "a")) == "there are: a, b"
    assert near("zzz", ()) == ""
    assert near("zzz", [f"name{number:03}" for number in range(100)]).endswith("name039 and 60 more")
