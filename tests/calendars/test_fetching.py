"""Fetching over real HTTP, from a server on loopback that means no good."""

import asyncio
import gzip
import logging
import tracemalloc

import pytest

from calendars.errors import AddressError, FetchError, TooLargeError
from calendars.fetching import MOST_BYTES, Fetched, Fetcher
from calendars.guard import may_be_asked, networks_of
from nightbell.logs import _QUIET
from tests.calendars import feeds
from tests.calendars.server import Elsewhere, bomb, content, endless, silent, status, trickling

LOOPBACK = networks_of("127.0.0.0/8, ::1/128")
SECRET = "/private-0123456789abcdef/basic.ics"


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(LOOPBACK, within=5.0)


async def fails(fetcher: Fetcher, elsewhere: Elsewhere, path: str = SECRET) -> FetchError:
    with pytest.raises(FetchError) as found:
        await fetcher.fetch(elsewhere.url(path))
    told = f"{found.value!r} {found.value} {found.value.__cause__} {found.value.mend}"
    assert "private-" not in told
    assert "127.0.0.1" not in told
    assert found.value.what
    assert found.value.mend
    return found.value


async def test_a_feed_with_its_marks(elsewhere, fetcher):
    elsewhere.says[SECRET] = content(feeds.GOOGLE, ETag='"v1"', Last_Modified="Fri, 20 Nov 2026 10:00:00 GMT")
    found = await fetcher.fetch(elsewhere.url(SECRET))
    assert found == Fetched(feeds.GOOGLE, '"v1"', "Fri, 20 Nov 2026 10:00:00 GMT")
    elsewhere.says[SECRET] = status(304)
    assert await fetcher.fetch(elsewhere.url(SECRET), found.etag, found.modified) is None
    asked = elsewhere.asked[1][1]
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"v1"', "fri, 20 nov 2026 10:00:00 gmt")


async def test_304_to_a_question_that_was_not_asked(elsewhere, fetcher):
    elsewhere.says[SECRET] = status(304)
    assert "304" in (await fails(fetcher, elsewhere)).what


async def test_packed(elsewhere, fetcher):
    elsewhere.says[SECRET] = content(gzip.compress(feeds.GOOGLE), Content_Encoding="gzip")
    assert (await fetcher.fetch(elsewhere.url(SECRET))).content == feeds.GOOGLE
    for body, headers, says in (
        (gzip.compress(feeds.GOOGLE)[:-30], {"Content_Encoding": "gzip"}, "cut off"),
        (b"no gzip", {"Content_Encoding": "gzip"}, "cannot be unpacked"),
        (b"?", {"Content_Encoding": "br"}, "not asked for"),
    ):
        elsewhere.says[SECRET] = content(body, **headers)
        assert says in (await fails(fetcher, elsewhere)).what


@pytest.mark.parametrize(
    ("code", "mend"), [(401, "anew"), (403, "anew"), (404, "anew"), (410, "anew"), (429, "again"), (500, "again")]
)
async def test_what_a_status_means(elsewhere, fetcher, code, mend):
    elsewhere.says[SECRET] = status(code)
    found = await fails(fetcher, elsewhere)
    assert (str(code) in found.what, mend in found.mend) == (True, True)


# ---- too much ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["exactly", "one more", "10 MB", "endless", "bomb", "endless bomb"])
async def test_no_more_than_two_megabytes_are_taken(elsewhere, fetcher, how):
    elsewhere.says[SECRET] = {
        "exactly": content(b"x" * MOST_BYTES),
        "one more": content(b"x" * (MOST_BYTES + 1)),
        "10 MB": content(b"x" * 10_000_000),
        "endless": endless(b"x" * 65536),
        "bomb": content(bomb(64), Content_Encoding="gzip"),
        "endless bomb": content(bomb(64)[:-10], Content_Encoding="gzip"),
    }[how]
    if how == "exactly":
        assert len((await fetcher.fetch(elsewhere.url(SECRET))).content) == MOST_BYTES
        return
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="longer than 2 MB"):
            await fetcher.fetch(elsewhere.url(SECRET))
        assert tracemalloc.get_traced_memory()[1] < 32_000_000  # the server's own part of it counts too
    finally:
        tracemalloc.stop()


async def test_what_follows_a_packed_feed_is_not_kept(elsewhere, fetcher):
    elsewhere.says[SECRET] = endless(b"x" * 65536, first=gzip.compress(feeds.AMION), Content_Encoding="gzip")
    tracemalloc.start()
    try:
        assert (await fetcher.fetch(elsewhere.url(SECRET))).content == feeds.AMION
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("answer", [silent, trickling()])
async def test_it_takes_no_longer_than_it_may_in_all(elsewhere, answer):
    elsewhere.says[SECRET] = answer
    found = await fails(Fetcher(LOOPBACK, within=0.3), elsewhere)
    assert "not there within 0.3 s" in found.what


async def test_one_that_breaks_off(elsewhere, fetcher):
    async def broken(writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nBEGIN")

    elsewhere.says[SECRET] = broken
    assert "cannot be reached" in (await fails(fetcher, elsewhere)).what


async def test_nobody_listens(fetcher):
    with pytest.raises(FetchError, match="cannot be reached"):
        await fetcher.fetch("http://127.0.0.1:1/oncall.ics")
    with pytest.raises(FetchError, match="cannot be reached"):
        await fetcher.fetch("http://no-such-host.invalid/oncall.ics")


# ---- where it leads ------------------------------------------------------------------------------------------------


async def test_it_follows_three_times_and_no_more(elsewhere, fetcher):
    for i in range(5):
        elsewhere.says[f"/{i}"] = status(302, Location=f"/{i + 1}")
    elsewhere.says["/5"] = content(feeds.AMION)
    assert (await fetcher.fetch(elsewhere.url("/2"))).content == feeds.AMION
    assert "more than 3 times" in (await fails(fetcher, elsewhere, "/1")).what
    elsewhere.says["/loop"] = status(301, Location="/loop")
    assert "more than 3 times" in (await fails(fetcher, elsewhere, "/loop")).what


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[64:ff9b::10.0.0.1]/",
        "webcal://127.0.0.1:{port}/",
    ],
)
async def test_a_private_address_is_never_connected_to(elsewhere, url):
    port = elsewhere.origin.rpartition(":")[2]
    with pytest.raises(AddressError, match=r"private network.*NIGHTBELL_CALENDAR_NETWORKS") as found:
        await Fetcher().fetch(url.format(port=port))
    assert elsewhere.asked == []
    assert port not in str(found.value)


async def test_nor_by_a_redirect(elsewhere):
    elsewhere.says["/on"] = status(302, Location=elsewhere.url("/secret", "127.0.0.2"))
    elsewhere.says["/secret"] = content(feeds.AMION)
    with pytest.raises(AddressError):
        await Fetcher(networks_of("127.0.0.1/32"), within=5.0).fetch(elsewhere.url("/on"))
    assert [path for path, _ in elsewhere.asked] == ["/on"]


async def test_a_name_is_judged_by_each_address_that_it_has(elsewhere, monkeypatch):
    """Also where a public address comes first: no name leads elsewhere between two look-ups."""

    async def both(_self, _host, port, **_how):
        return [(2, 1, 6, "", (address, port)) for address in ("93.184.216.34", "127.0.0.1")]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", both)
    with pytest.raises(AddressError):
        await Fetcher().fetch(elsewhere.url("/", "calendar.example.org"))
    assert elsewhere.asked == []


@pytest.mark.parametrize("to", ["ftp://example.org/x", "file:///etc/passwd", "http://", "http://[", "//"])
async def test_it_leads_to_something_that_cannot_be_fetched(elsewhere, fetcher, to):
    elsewhere.says[SECRET] = status(302, Location=to)
    await fails(fetcher, elsewhere)


def test_which_addresses_may_be_asked():
    allowed = networks_of(" 10.1.0.0/16 , fd00::/8")
    assert [a for a in ("8.8.8.8", "10.1.2.3", "10.2.0.1", "2606:4700::1111", "fd00::1", "fe80::1%eth0", "224.0.0.1",
                        "2002:7f00:1::", "fec0::1", "64:ff9b:1::8.8.8.8", "::ffff:0:8.8.8.8", "5f00::1", "3fff::1",
                        "::ffff:8.8.8.8", "::ffff:10.1.0.9") if may_be_asked(a, allowed)] == [
        "8.8.8.8", "10.1.2.3", "2606:4700::1111", "fd00::1", "::ffff:8.8.8.8", "::ffff:10.1.0.9"]  # fmt: skip
    with pytest.raises(ValueError, match="10"):
        networks_of("10.1.0.0/99")


async def test_the_address_is_in_no_log_line(elsewhere, fetcher, caplog):
    for name in ("httpx", "httpcore"):
        assert name in _QUIET
        caplog.set_level(logging.WARNING, name)
    elsewhere.says[SECRET] = content(feeds.AMION)
    await fetcher.fetch(elsewhere.url(SECRET))
    await fails(fetcher, elsewhere, "/private-other")
    assert "private-" not in caplog.text
