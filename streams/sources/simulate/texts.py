"""Texts: what people write below posts, what creators answer, and captions.

Knows phrases by language and mood. Must not know who writes or when.
"""

EMOJI = {
    "praise": ("😍", "🔥", "❤️", "👏", "🙌", "✨", "💚", "🤩"),
    "question": ("🤔", "", "", "👀", "🙏", ""),
    "neutral": ("", "", "🙂", "", "👋", ""),
    "criticism": ("😕", "", "🙄", "👎", "😞", ""),
}
PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "praise": (
            "This is so beautiful",
            "Love this one",
            "Best {topic} account out there",
            "Wow, amazing work",
            "You never disappoint",
            "Saved this for the weekend",
            "My favourite post of the week",
            "I tried this and it turned out great",
            "So glad I found you",
            "This made my day",
            "Absolutely gorgeous",
            "Such a helpful tip, thank you",
            "Finally someone says it",
            "Your {topic} posts keep getting better",
            "I could look at this all day",
            "Perfect timing",
        ),
        "question": (
            "Where did you get that?",
            "How long did this take you?",
            "Does this ship to Europe?",
            "Which one would you pick for a beginner?",
            "Is there a discount code?",
            "What settings did you use?",
            "Could you do a longer {topic} video?",
            "Does it last?",
            "Is this the new one?",
            "Any tips for rainy days?",
        ),
        "neutral": (
            "Here from the story",
            "Second time I see this today",
            "Watching this on the train",
            "Same here",
            "Monday it is",
            "Sending this to my sister",
            "Part two tomorrow then",
            "That is the shop near the station",
            "I have the older version",
            "Noted",
        ),
        "criticism": (
            "Not sure about this one, it looks cheap",
            "Too many ads lately",
            "I was disappointed, mine broke after a week",
            "This is misleading",
            "You used to post more {topic} and fewer ads",
            "Way too expensive for what it is",
            "Sorry, but this is boring",
            "Unfollowing if it goes on like this",
            "That did not work for me at all",
            "The sound is terrible",
        ),
    },
    "es": {
        "praise": (
            "Me encanta",
            "Qué bonito, de verdad",
            "Eres la mejor cuenta de {topic}",
            "Gracias por compartir",
            "Increíble trabajo",
        ),
        "question": (
            "¿Dónde lo compraste?",
            "¿Cuánto tiempo te llevó?",
            "¿Hay código de descuento?",
            "¿Lo envían a México?",
        ),
        "neutral": ("Lo vi en la historia", "Yo tengo el anterior", "Se lo paso a mi hermana"),
        "criticism": (
            "Demasiada publicidad últimamente",
            "Qué decepción, se rompió enseguida",
            "No me convence nada",
        ),
    },
    "de": {
        "praise": (
            "Richtig schön geworden",
            "Ich liebe das",
            "Danke für den Tipp, hat super geklappt",
            "Dein bester Beitrag über {topic}",
        ),
        "question": (
            "Wo hast du das her?",
            "Wie lange hast du gebraucht?",
            "Gibt es einen Rabattcode?",
            "Taugt das auch für Anfänger?",
        ),
        "neutral": ("Habe ich auch", "Schaue ich mir später an", "Bin aus der Story hier"),
        "criticism": (
            "Nur noch Werbung hier, schade",
            "Viel zu teuer",
            "Bei mir war es nach einer Woche kaputt",
        ),
    },
    "fr": {
        "praise": (
            "J'adore",
            "Magnifique travail",
            "Merci pour le conseil, c'est top",
            "Toujours aussi beau",
        ),
        "question": (
            "Tu l'as trouvé où ?",
            "Il y a un code promo ?",
            "Ça prend combien de temps ?",
        ),
        "neutral": ("Vu dans la story", "J'ai l'ancien modèle", "Je l'envoie à ma sœur"),
        "criticism": ("Trop de pub en ce moment", "Déçue, ça n'a pas tenu", "Beaucoup trop cher"),
    },
    "pt": {
        "praise": (
            "Que lindo",
            "Amei demais",
            "Obrigada pela dica, deu certo",
            "Melhor perfil de {topic}",
        ),
        "question": ("Onde você comprou?", "Tem cupom de desconto?", "Quanto tempo demora?"),
        "neutral": ("Vim pelos stories", "Tenho o antigo", "Vou mandar para minha irmã"),
        "criticism": ("Muita propaganda ultimamente", "Que decepção, quebrou logo", "Caro demais"),
    },
    "it": {
        "praise": (
            "Bellissimo",
            "Adoro questo post",
            "Grazie del consiglio, perfetto",
            "Sempre bravissima",
        ),
        "question": ("Dove l'hai preso?", "C'è un codice sconto?", "Quanto ci hai messo?"),
        "neutral": ("Vista nelle storie", "Io ho quello vecchio", "Lo giro a mia sorella"),
        "criticism": ("Ormai solo pubblicità", "Che delusione, si è rotto subito", "Troppo caro"),
    },
}
_ONLY_EMOJI = ("🔥🔥🔥", "😍😍", "👏👏👏", "❤️", "💯", "😂😂", "🙌🙌", "😮")
_FRIENDS = ("@rowan_k", "@lila.mp", "@teo.w", "@ines_a", "@jo.h", "@samu.r", "@nora.b", "@kit.v")
_TAGGED = ("look at this", "this is so you", "we need this", "told you", "next weekend?", "")
_ANSWERS = (
    "Thank you so much! ❤️",
    "Means a lot, thank you",
    "Glad you like it!",
    "The link is in my bio 😊",
    "About two hours, it is easier than it looks",
    "Great question, I will do a post about it",
    "Yes, all sizes are back on Friday",
    "Sorry to hear that, please send me a message",
    "Haha, same here 😂",
)
_CAPTIONS = (
    "A slow morning with new {topic} ideas",
    "Three things I wish I had known about {topic}",
    "Trying something different today, tell me what you think",
    "The {topic} update you asked for",
    "Behind the scenes of last week",
    "Little wins count, too",
    "My honest opinion after a month",
    "Save this for your next {topic} day",
    "Before and after",
    "Questions and answers, part {n}",
)
_ANGRY = (
    "This is disgusting, shame on you",
    "You lied to all of us",
    "I am so disappointed, how could you promote this",
    "What a scam, my order never came",
    "Awful. Simply awful.",
    "Stop defending them, they hurt people",
    "You should be ashamed of yourself",
    "Worst advice I have ever seen",
    "Fake, all of it",
    "I hate what this account has become",
    "So dishonest, I feel betrayed",
    "Pathetic excuse, not a real apology",
    "This is a dangerous lie",
    "Delete this, it is insulting",
    "Unfollowed. Terrible attitude",
    "How greedy can one person be",
    "Read the news before you post such rubbish",
    "And now silence, of course",
)
_SARCASTIC = (
    "Oh great, another ad, just what we needed",
    "Wow, so honest, so brave",
    "Love how you care about us, really",
    "Amazing quality, lasted a whole day",
    "Thank you so much for nothing",
    "Best influencer money can buy 👏",
    "So happy that you got paid for this",
    "Brilliant idea, what could be nicer",
)
_ENTRIES = ("Done!", "Entered", "I am in", "Count me in", "Following and liked", "Pick me", "Here")
_ANGER = ("😡", "", "👎", "🤮", "", "😠", "💔", "")


def comment(language: str, topic: str, cheer: float, value: int) -> tuple[str, str | None]:
    """A comment and its language where a platform would tell; `value` in [0, 2**40) decides all.

    `cheer` (0-1) is the share of praise.
    """
    mood_draw, value = value % 1000, value // 1000
    style, value = value % 20, value // 20
    if style == 0:
        return _ONLY_EMOJI[value % len(_ONLY_EMOJI)], None
    if style == 1:
        words = _TAGGED[value // 8 % len(_TAGGED)]
        return f"{_FRIENDS[value % 8]} {words}".rstrip(), None
    spoken = language if style < 14 or language == "en" else "en"
    rest = (mood_draw / 1000 - cheer) / (1 - cheer)
    mood = (
        "praise"
        if rest < 0
        else "question"
        if rest < 0.35
        else "neutral"
        if rest < 0.72
        else "criticism"
    )
    phrases = PHRASES[spoken][mood]
    phrase, value = phrases[value % len(phrases)], value // len(phrases)
    emoji = EMOJI[mood]
    mark, value = emoji[value % len(emoji)], value // len(emoji)
    if "{" in phrase:
        phrase = phrase.replace("{topic}", topic)
    if value % 7 == 0:
        phrase = phrase.lower()
    elif value % 7 == 1 and mood == "praise":
        phrase += "!!"
    known = spoken if value % 5 else None
    return (f"{phrase} {mark}" if mark else phrase), known


def angry(value: int) -> str:
    """What somebody writes who has come to be angry; any non-negative `value` decides."""
    phrase, value = _ANGRY[value % len(_ANGRY)], value // len(_ANGRY)
    mark, value = _ANGER[value % len(_ANGER)], value // len(_ANGER)
    words = phrase.lower() if value % 4 == 0 else phrase
    return f"{words} {mark}".rstrip()


def sarcastic(value: int) -> str:
    """What somebody writes who means the opposite; any non-negative `value` decides."""
    return _SARCASTIC[value % len(_SARCASTIC)]


def entry(value: int) -> str:
    """How somebody takes part in a giveaway: a word and two friends; any `value` decides."""
    word, value = _ENTRIES[value % len(_ENTRIES)], value // len(_ENTRIES)
    return f"{word} {_FRIENDS[value % 8]} {_FRIENDS[value // 8 % 8]}"


def answer(value: int) -> str:
    """What a creator answers; any non-negative `value` decides."""
    return _ANSWERS[value % len(_ANSWERS)]


def caption(topic: str, value: int) -> str:
    """The text of a post; any non-negative `value` decides."""
    text = _CAPTIONS[value % len(_CAPTIONS)]
    return text.replace("{topic}", topic).replace("{n}", str(value // 16 % 9 + 2))
