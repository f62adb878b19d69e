"""Write reviews.tsv, the course's corpus of short reviews: `python make_reviews.py` beside it.

Every sentence is made by this script, from a grammar and word lists of our own; no text is taken from anywhere. Many
of the sentences hold a word of praise and a word of blame, and only their order tells which one counts: "dull at first
but gripping in the end". So a bag of words, which forgets the order, cannot know what a reader knows.
"""

import random
from pathlib import Path

COUNT, SEED = 1600, 2024

# what is reviewed: its name, what can be said about it, words of praise and blame of its own, sentences without opinion
SUBJECTS = {
    "film": (
        ["plot", "acting", "dialogue", "ending", "music", "camera work", "opening scene", "leading role"],
        ["gripping", "moving", "clever", "witty", "convincing", "thrilling"],
        ["dull", "predictable", "wooden", "hollow", "confusing", "tedious"],
        [
            "We saw it on a {day} evening.",
            "It runs for two hours and a half.",
            "My {person} had bought the tickets.",
            "It is set in a small harbour town.",
        ],
    ),
    "novel": (
        ["story", "style", "first chapter", "dialogue", "ending", "main character", "translation", "middle part"],
        ["gripping", "moving", "clever", "witty", "vivid", "elegant"],
        ["dull", "predictable", "dry", "hollow", "confusing", "tedious"],
        [
            "I read it on the train to work.",
            "It has about three hundred pages.",
            "My {person} gave it to me for my birthday.",
            "It came out last {season}.",
        ],
    ),
    "meal": (
        ["soup", "bread", "fish", "dessert", "service", "salad", "sauce", "coffee"],
        ["delicious", "memorable", "generous", "refined"],
        ["bland", "greasy", "stale", "tasteless"],
        [
            "We had a table by the window.",
            "We were there on a {day}.",
            "My {person} had chosen the place.",
            "There were four of us.",
        ],
    ),
    "hotel": (
        ["room", "breakfast", "view", "garden", "bed", "bathroom", "service", "pool"],
        ["comfortable", "spotless", "quiet", "welcoming"],
        ["dirty", "noisy", "gloomy", "cramped"],
        [
            "We stayed for three nights in {season}.",
            "It is ten minutes from the station.",
            "My {person} had booked it for us.",
            "We arrived late on a {day}.",
        ],
    ),
    "concert": (
        ["sound", "singing", "first half", "encore", "light show", "hall", "choir", "solo"],
        ["thrilling", "moving", "energetic", "polished"],
        ["dull", "lifeless", "shrill", "sloppy"],
        [
            "It was the last night of the tour.",
            "We stood near the back.",
            "My {person} plays in the same orchestra.",
            "It began at eight on a {day}.",
        ],
    ),
    "laptop": (
        ["screen", "keyboard", "battery", "camera", "sound", "case", "touchpad", "software"],
        ["reliable", "fast", "sturdy", "elegant"],
        ["slow", "flimsy", "noisy", "faulty"],
        [
            "I have used it since {season}.",
            "I bought it for my {person}.",
            "It weighs a little over a kilogram.",
            "It came on a {day} in a plain box.",
        ],
    ),
}
PRAISE = [
    "good",
    "great",
    "excellent",
    "wonderful",
    "lovely",
    "superb",
    "delightful",
    "pleasant",
    "impressive",
    "brilliant",
    "splendid",
    "remarkable",
    "charming",
    "fine",
]
BLAME = [
    "bad",
    "poor",
    "awful",
    "terrible",
    "dreadful",
    "disappointing",
    "mediocre",
    "unpleasant",
    "horrible",
    "dismal",
    "weak",
    "lousy",
    "miserable",
    "ghastly",
]
LIKE = {"like": "liked", "love": "loved", "enjoy": "enjoyed", "admire": "admired"}
HATE = {"dislike": "disliked", "hate": "hated", "detest": "detested", "loathe": "loathed"}
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
SEASONS = ["spring", "summer", "autumn", "winter"]
PEOPLE = ["sister", "brother", "mother", "father", "cousin", "neighbour", "colleague", "daughter"]

# In each sentence {yes} is an adjective that says the reviewer's opinion and {no} one of the opposite side; {did yes} and
# {do yes}, {did no} and {do no} are verbs. Sentences about the whole thing also use the adjectives of its own.
PLAIN = [
    "The {part} was {very} {yes}.",
    "The {part} was {yes} and the {other} was {yes2}.",
    "I found the {part} {very} {yes}.",
    "{A yes} {thing}, and the {part} was {yes2}.",
    "What {a yes} {thing}!",
    "Both the {part} and the {other} were {yes}.",
    "I {did yes} the {part}.",
    "My {person} and I {did yes} the {part} and the {other}.",
    "It was {very} {yes}.",
    "{A yes} {thing} from beginning to end.",
]
NEGATED = [
    "The {part} was not {no}.",
    "The {part} was not {no} at all.",
    "The {part} was never {no}.",
    "The {part} was far from {no}.",
    "The {part} was anything but {no}.",
    "It was by no means {a no} {thing}.",
    "I would not call the {part} {no}.",
    "Nobody could call this {thing} {no}.",
    "There was nothing {no} about the {part}.",
    "I cannot say that the {part} was {no}.",
    "The {part} was not {no} and the {other} was {yes}.",
    "The {part} was {yes} and the {other} was not {no}.",
    "I did not {do no} the {part}.",
    "How could anyone {do no} this {thing}?",
]
ORDERED = [
    "The {part} was {yes}, not {no}.",
    "The {part} was not {no} but {yes}.",
    "It was {no} at first but {yes} in the end.",
    "The {part} seemed {no} at first and {yes} in the end.",
    "It looked like {a no} {thing} and proved to be {a yes} one.",
    "I expected {a no} {thing} and got {a yes} one.",
    "I had hoped for nothing but {a no} {thing} and found {a yes} one.",
    "It was more {yes} than {no}.",
    "The {part} was less {no} than {yes}.",
    "The {part} looked {no} but turned out {yes}.",
    "Others called it {no}, but to me it was {yes}.",
    "Although the {part} was {no}, the {thing} as a whole was {yes}.",
    "The {thing} as a whole was {yes}, although the {part} was {no}.",
    "The {part} may be {no}, but the {other} is {yes}, and that is what counts.",
    "Despite the {no} {part} it was {a yes} {thing}.",
    "My {person} {did no} the {part}, but I {did yes} it.",
    "I {did yes} the {part}, though my {person} {did no} it.",
]
VERDICTS = {
    "positive": [
        "I would choose it again.",
        "I do not regret a minute of it.",
        "It was worth the money.",
        "I can recommend it to everyone.",
        "We will be back.",
    ],
    "negative": [
        "I would not choose it again.",
        "I regret every minute of it.",
        "It was not worth the money.",
        "I can recommend it to no one.",
        "We will not be back.",
    ],
}
DEGREES = ["very", "really", "truly", "quite", "rather", "simply"]


def with_article(word, capital=False):
    article = "an" if word[0] in "aeiou" else "a"
    return f"{article.capitalize() if capital else article} {word}"


def make_review(label, pick):
    """(subject, review); pick(list) draws an item, so that the same draws make the same review everywhere."""
    thing = pick(sorted(SUBJECTS))
    parts, own_praise, own_blame, facts = SUBJECTS[thing]

    def sentence(template):
        about_a_part = "{part}" in template
        praise, blame = (PRAISE, BLAME) if about_a_part else (PRAISE + own_praise, BLAME + own_blame)
        (yes, do_yes), (no, do_no) = ((praise, LIKE), (blame, HATE))[:: 1 if label == "positive" else -1]
        first, against, liked, hated = pick(yes), pick(no), pick(sorted(do_yes)), pick(sorted(do_no))
        second = pick([word for word in yes if word != first])
        part = pick(parts)
        words = {
            "part": part,
            "other": pick([other for other in parts if other != part]),
            "thing": thing,
            "very": pick(DEGREES),
            "yes": first,
            "yes2": second,
            "no": against,
            "a yes": with_article(first),
            "A yes": with_article(first, capital=True),
            "a yes2": with_article(second),
            "a no": with_article(against),
            "do yes": liked,
            "did yes": do_yes[liked],
            "do no": hated,
            "did no": do_no[hated],
            "day": pick(DAYS),
            "season": pick(SEASONS),
            "person": pick(PEOPLE),
        }
        return template.format_map(words)

    opinion = pick([PLAIN, PLAIN, NEGATED, ORDERED, ORDERED])
    sentences = [sentence(pick(opinion))]
    if pick([True, False]):
        sentences.insert(0, sentence(pick(facts)))
    if pick([True, False]):
        sentences.append(sentence(pick(pick([PLAIN, NEGATED]))))
    if pick([True, False, False, False, False]):
        sentences.append(pick(VERDICTS[label]))
    return thing, " ".join(sentences)


def make_reviews(count=COUNT, seed=SEED):
    """`count` different reviews, half of them positive, as lines "label<tab>subject<tab>text"."""
    generator = random.Random(seed)

    def pick(items):
        return items[int(generator.random() * len(items))]  # random() is the one draw that Python promises to keep

    lines = []
    seen = set()
    while len(lines) < count:
        label = ("positive", "negative")[len(lines) % 2]
        subject, text = make_review(label, pick)
        if text not in seen:
            seen.add(text)
            lines.append(f"{label}\t{subject}\t{text}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("reviews.tsv").write_text(make_reviews(), encoding="utf-8", newline="\n")
