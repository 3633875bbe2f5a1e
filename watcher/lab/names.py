"""Names of invented people and conversations."""

from __future__ import annotations

from random import Random

FIRST_NAMES = (
    "Rosanna Daniel Amara Kenji Helen Tomás Priya Oliver Ingrid Samuel Leila Marcus Yuki Beatrice Noah Farah Conor "
    "Elena Jasper Miriam Anders Chloe Rajiv Naomi Victor Zeynep Hugo Adaeze Patrick Sofia"
).split()
LAST_NAMES = (
    "Channing Okafor Lindqvist Tanaka Moreau Fernandes Sharma Whitfield Novak Brennan Haddad Castellano Petrov "
    "Ashworth Nguyen Demir Kowalski Mbeki Sullivan Eriksen Rossi Abernathy Yamamoto Delgado O’Connor Weiss"
).split()
COURSES = (
    "Leading Change",
    "Negotiation in Practice",
    "Writing for Decision Makers",
    "Data Literacy for Managers",
    "The First Ninety Days",
    "Giving and Taking Feedback",
    "Managing Remote Teams",
    "Finance for Non-Financial Managers",
    "Inclusive Hiring",
    "Coaching Skills",
    "Design Thinking Foundations",
    "Safety on Site",
    "Project Recovery",
    "Customer Interviews",
    "Ethics in Artificial Intelligence",
    "Public Speaking without Fear",
)
COHORTS = (
    "spring cohort",
    "autumn cohort",
    "evening group",
    "for regional managers",
    "for new joiners",
    "pilot",
    "alumni edition",
    "weekend intensive",
    "self-paced",
    "for team leads",
)
PROGRAMMES = (
    "a programme in six modules with weekly assignments",
    "two days on site and four weeks of guided practice",
    "reading, cases and a final project in small groups",
    "short films, discussion and peer review",
)
PLACES = ("Rotterdam", "Leeds", "Porto", "Hamburg", "Galway", "Gothenburg", "Lyon", "online")
TOPICS = (
    "A Warm Welcome to the Team",
    "Launch checklist, open points",
    "Customer escalation: invoices sent twice",
    "Office move, who sits where",
    "Release notes review",
    "Budget questions before Friday",
    "Travel plans for the partner day",
    "Hiring panel, second round",
    "Supplier contract, legal comments",
    "Lessons from the outage",
    "Translation of the handbook",
    "Summer party volunteers",
    "Onboarding feedback",
    "Quarterly figures, first draft",
)
TEAMS = ("Sales North", "Support", "Facilities", "Platform", "People and Culture", "Finance", "Field Service", "Legal")


def person(chance: Random) -> str:
    """A full name."""
    return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"


def course(chance: Random) -> tuple[str, str]:
    """What a course teaches, and the name of one run of it."""
    content = chance.choice(COURSES)
    run = f"{content}: {chance.choice(COHORTS)}, {chance.choice(PLACES)}"
    return f"{content}, {chance.choice(PROGRAMMES)}", run


def topic(chance: Random) -> str:
    """The name of a conversation among colleagues."""
    return f"{chance.choice(TOPICS)} ({chance.choice(TEAMS)})"


def mail_name(full_name: str) -> str:
    """The user name that belongs to a person."""
    first, _, last = full_name.lower().partition(" ")
    letters = "".join(letter for letter in first[0] + last if letter.isalnum() and letter.isascii())
    return f"{letters}@example.com"
