"""`pulse sentiment eval`: how well comments are judged, by a file in which people have judged them.

Knows the options and what is printed. Must not know how a figure is reached.
"""

from pathlib import Path

import click

from streams.outfile import OUT_FILE, write_json
from streams.sentiment import labelled
from streams.sentiment.labelled import BadFile, BadRow, Comment
from streams.sentiment.peers import PEERS

_MOST_TOLD = 10
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("eval")
@click.argument("file", type=_FILE)
@click.option(
    "--against", multiple=True, type=click.Choice(list(PEERS)),
    help="Another analyser to compare with, if it is installed; may be given again.",
)  # fmt: skip
@click.option("--model", type=_FILE, help="Judge by this model of `pulse sentiment train`.")
@click.option("--layers", is_flag=True, help="Also each part of the analyser alone and left out.")
@click.option("--guess", is_flag=True, help="Do not tell the analyser the languages of the file.")
@click.option(
    "--report", type=OUT_FILE,
    help="Write the figures to this file as JSON, too.",
)  # fmt: skip
def command(
    file: Path,
    against: tuple[str, ...],
    model: Path | None,
    layers: bool,
    guess: bool,
    report: Path | None,
) -> None:
    """Judge the comments in FILE.csv, and compare with its labels.

    Its first line names the columns: text, label (negative, neutral or positive) and perhaps
    language, a tag such as pt-BR; other columns are ignored.

    \b
    Examples:
      pulse sentiment eval comments.csv
      pulse sentiment eval comments.csv --against vader --report figures.json
      pulse sentiment eval comments.csv --layers
      pulse sentiment eval held-out.csv --model model.bin
    """
    from streams.sentiment import evaluation
    from streams.sentiment.chosen import chosen

    comments = _read(file)
    if guess:
        comments = [comment._replace(language=None) for comment in comments]
    analyser = chosen(None if model is None else str(model))
    found = evaluation.evaluate(comments, analyser.judge)
    for line in evaluation.page(found, analyser.version):
        click.echo(line)
    document = evaluation.document(found, analyser.version)
    if against:
        document["against"] = _compare(comments, found.given, against)
    if layers:
        document["layers"] = _layers(comments)
    if report is not None:
        write_json(report, document)


def _read(file: Path) -> list[Comment]:
    refused = 0

    def tell(fault: BadRow) -> None:
        nonlocal refused
        refused += 1
        if refused <= _MOST_TOLD:
            click.echo(f"warning: {fault}; left out", err=True)

    try:
        comments = labelled.read(file, tell)
    except BadFile as error:
        raise click.ClickException(str(error)) from error
    if refused > _MOST_TOLD:
        click.echo(f"warning: {refused - _MOST_TOLD:,} more rows left out", err=True)
    return comments


def _compare(
    comments: list[Comment], given: list[int], against: tuple[str, ...]
) -> dict[str, object]:
    from streams.sentiment import measure
    from streams.sentiment.evaluation import shown
    from streams.sentiment.peers import peer

    gold = [int(comment.label) for comment in comments]
    document: dict[str, object] = {}
    click.echo("")
    click.echo(f"{'against':<10}{'its macro recall':<24}{'macro F1':<24}ours less its macro recall")
    for name in against:
        judge = peer(name)
        strengths = [judge(comment.text) for comment in comments]
        theirs = [(strength > 0.0) - (strength < 0.0) for strength in strengths]
        table = measure.confusion(gold, theirs)
        recall, f1 = measure.macro_recall(table), measure.macro_f1(table)
        gain = measure.gain(gold, given, theirs)
        click.echo(f"{name:<10}{shown(recall):<24}{shown(f1):<24}{shown(gain)}")
        document[name] = {
            "macro_recall": recall._asdict(),
            "macro_f1": f1._asdict(),
            "gain": gain._asdict(),
        }
    return document


def _layers(comments: list[Comment]) -> dict[str, object]:
    from streams.sentiment import evaluation, measure
    from streams.sentiment.layers import layers

    document: dict[str, object] = {}
    click.echo("")
    click.echo(f"{'layer':<38}{'macro recall':<24}{'macro F1':<24}a second")
    for name, analyser, prepared in layers():
        texts = [comment._replace(text=prepared(comment.text)) for comment in comments]
        found = evaluation.evaluate(texts, analyser.judge)
        recall, f1 = measure.macro_recall(found.table), measure.macro_f1(found.table)
        told = f"{evaluation.shown(recall):<24}{evaluation.shown(f1):<24}"
        click.echo(f"{name:<38}{told}{found.per_second:>8,.0f}")
        document[name] = {"macro_recall": recall._asdict(), "macro_f1": f1._asdict()}
    return document
