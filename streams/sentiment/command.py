"""`pulse sentiment`: the commands.

Knows their names, and how one text is explained. Must not know how it is judged.
"""

import click

from streams.printable import printable
from streams.sentiment import evaluate
from streams.sentiment.train import train

_DOES = {"counts": "counts", "turns": "turns it", "pushes": "pushes", "shifts": "halves the rest"}


@click.group("sentiment")
def group() -> None:
    """See how comments are judged, and measure how well.

    \b
    Examples:
      pulse sentiment explain "not the scam i expected 😍"
      pulse sentiment eval comments.csv
      pulse sentiment train comments.csv
    """


group.add_command(evaluate.command)
group.add_command(train)


@group.command("explain")
@click.argument("text")
@click.option("--lang", help="The language of the text as a tag, such as pt-BR, if it is known.")
def explain(text: str, lang: str | None) -> None:
    """Show what TEXT is judged to be, what counted in it, and how much.

    \b
    Examples:
      pulse sentiment explain "not the scam i expected 😍"
      pulse sentiment explain --lang es "me encanta, gracias"
    """
    from streams.engine.sentiment import load_default
    from streams.engine.sentiment.analyser import NEGATIVE_FROM, positive_from
    from streams.engine.sentiment.flags import Flag

    analyser = load_default()
    told = analyser.explain(text, lang)
    verdict = told.verdict
    click.echo(f"{verdict.label.name.lower()} {verdict.compound:+.2f}  ({analyser.version})")
    click.echo(f"neutral is between {NEGATIVE_FROM:+.2f} and {positive_from(verdict.language):+.2f}")
    how = "told" if lang else "guessed"
    click.echo(
        f"language {verdict.language} ({how})"
        if verdict.language
        else f"no lexicon for this language ({how}): only emoji and emoticons count"
    )
    names = [(flag.name or "").lower().replace("_", " ") for flag in Flag if verdict.flags & flag]
    click.echo(f"flags: {', '.join(names) or 'none'}")
    for step in told.steps:
        click.echo(f"  {step.effect:+6.2f}  {_DOES[step.does]:<16}{printable(step.chunk)[:60]}")
    if told.marks:
        click.echo(f"  {told.marks:+6.2f}  marks")
    click.echo(f"  {told.total:+6.2f}  in all" if told.steps or told.marks else "nothing counted")
