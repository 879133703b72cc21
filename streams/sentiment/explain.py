"""`pulse sentiment explain`: what one text is judged to be, and what counted in it.

Knows the options and what is printed. Must not know how a text is judged.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.printable import printable

if TYPE_CHECKING:
    from streams.engine.sentiment.analyser import LexiconAnalyser
    from streams.engine.sentiment.model import Effect, Three, TrainedAnalyser
    from streams.engine.sentiment.verdict import Verdict

_DOES = {"counts": "counts", "turns": "turns it", "pushes": "pushes", "shifts": "halves the rest"}
_SAID = {
    "usual": "(what holds of any text)",
    "lexicon": "(what the lexicon says)",
    "marks": "(! and ?)",
    "length": "(its length)",
}
_MOST_TOLD = 20
_LEAST_TOLD = 0.005
"""Rounds to 0.01: what is less is not told."""
_MOST_CHARS = 60


@click.command("explain")
@click.argument("text")
@click.option("--lang", help="The language of the text as a tag, such as pt-BR, if it is known.")
@click.option(
    "--model", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge by this model of `pulse sentiment train`.",
)  # fmt: skip
def command(text: str, lang: str | None, model: Path | None) -> None:
    """Show what TEXT is judged to be, what counted in it, and how much.

    \b
    Examples:
      pulse sentiment explain "not the scam i expected 😍"
      pulse sentiment explain --lang es "me encanta, gracias"
      pulse sentiment explain --model model.bin "what a banger"
    """
    from streams.engine.sentiment import load_default
    from streams.engine.sentiment.model import TrainedAnalyser
    from streams.engine.sentiment.modelfile import ModelError
    from streams.sentiment.chosen import chosen

    if model is not None:
        try:
            analyser = chosen(str(model))
        except ModelError as error:
            raise click.ClickException(str(error)) from error
        assert isinstance(analyser, TrainedAnalyser)
        for line in _by_model(analyser, text, lang):
            click.echo(line)
    for line in _by_lexicon(load_default(), text, lang):
        click.echo(line)


def _told(verdict: "Verdict", version: str) -> str:
    return f"{verdict.label.name.lower()} {verdict.compound:+.2f}  ({version})"


def _by_lexicon(analyser: "LexiconAnalyser", text: str, lang: str | None) -> Iterator[str]:
    from streams.engine.sentiment.analyser import NEGATIVE_FROM, positive_from
    from streams.engine.sentiment.flags import Flag

    told = analyser.explain(text, lang)
    verdict = told.verdict
    yield _told(verdict, analyser.version)
    yield f"neutral is between {NEGATIVE_FROM:+.2f} and {positive_from(verdict.language):+.2f}"
    how = "told" if lang else "guessed"
    yield (
        f"language {verdict.language} ({how})"
        if verdict.language
        else f"no lexicon for this language ({how}): only emoji and emoticons count"
    )
    names = [(flag.name or "").lower().replace("_", " ") for flag in Flag if verdict.flags & flag]
    yield f"flags: {', '.join(names) or 'none'}"
    for step in told.steps:
        yield f"  {step.effect:+6.2f}  {_DOES[step.does]:<16}{_shown(step.chunk)}"
    if told.marks:
        yield f"  {told.marks:+6.2f}  marks"
    yield f"  {told.total:+6.2f}  in all" if told.steps or told.marks else "nothing counted"


def _by_model(analyser: "TrainedAnalyser", text: str, lang: str | None) -> Iterator[str]:
    learned = analyser.explain(text, lang)
    negative, neutral, positive = learned.probabilities
    yield _told(learned.verdict, analyser.version)
    yield f"as likely as: negative {negative:.2f}, neutral {neutral:.2f}, positive {positive:.2f}"
    yield "what speaks for each class (above 0) and against it:"
    yield "  negative  neutral positive"
    told, rest = _most(learned.chunks)
    for effect in told:
        yield _row(effect.scores, _shown(effect.of))
    if rest:
        yield _row(_sum(rest), f"(the other {len(rest)})")
    for effect in learned.others:
        yield _row(effect.scores, _SAID[effect.of])
    yield _row(_sum([*learned.chunks, *learned.others]), "in all")
    yield ""
    yield "below it:"


def _most(effects: Sequence["Effect"]) -> tuple[list["Effect"], list["Effect"]]:
    """Those that say most, in their order, and the others."""
    strength = [max(map(abs, effect.scores)) for effect in effects]
    order = sorted(range(len(effects)), key=lambda place: -strength[place])
    kept = {place for place in order[:_MOST_TOLD] if strength[place] >= _LEAST_TOLD}
    told = [effect for place, effect in enumerate(effects) if place in kept]
    return told, [effect for place, effect in enumerate(effects) if place not in kept]


def _sum(effects: Sequence["Effect"]) -> "Three":
    negative, neutral, positive = (
        sum(one) for one in zip(*(e.scores for e in effects), strict=True)
    )
    return negative, neutral, positive


def _row(scores: "Three", said: str) -> str:
    negative, neutral, positive = scores
    return f"  {negative:+8.2f} {neutral:+8.2f} {positive:+8.2f}  {said}"


def _shown(chunk: str) -> str:
    return printable(chunk)[:_MOST_CHARS]
