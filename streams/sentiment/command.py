"""`pulse sentiment`: the commands.

Knows their names and options. Must not know how a text is judged or a figure is reached.
"""

import click


@click.group("sentiment")
def group() -> None:
    """See how comments are judged, and measure how well.

    \b
    Examples:
      pulse sentiment explain "not the scam i expected 😍"
    """


@group.command("explain")
@click.argument("text")
@click.option("--lang", help="The language of the text as a tag, such as pt-BR, if it is known.")
def explain(text: str, lang: str | None) -> None:
    """Show what TEXT is judged to be.

    \b
    Examples:
      pulse sentiment explain "not the scam i expected 😍"
      pulse sentiment explain --lang es "me encanta, gracias"
    """
    from streams.engine.sentiment import load_default

    analyser = load_default()
    verdict = analyser.judge(text, lang)
    click.echo(f"{verdict.label.name.lower()} {verdict.compound:+.2f}  ({analyser.version})")
