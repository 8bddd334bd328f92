"""`graftgan sources`, and its `add`, `remove` and `update`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import source_register, sources


def main(words: list[str]) -> None:
    """Lists the sources or shows one; adds or removes one; takes the newest commit of a hub id."""
    verb = words[0] if words else ""
    if verb == "add":
        added = source_register.add(parse(source_register.AddOptions, words[1:], "sources add", ("model",)))
        print(f"added: {added.name} ({added.origin})\n{sources.use(added)}")
    elif verb == "remove":
        print(f"removed: {source_register.drop(named(words, verb))}")
    elif verb == "update":
        word, before, now = source_register.renew(named(words, verb))
        was = f"was {before[:12]}" if before not in ("", now) else "as before" if before else "first use"
        print(f"{word}: commit {now[:12]} ({was})")
    else:
        options = parse(sources.SourcesOptions, words, "sources", ("name",))
        found = sources.run(options)
        if options.page is not None:
            print(f"page: {options.page}")
        elif options.name is not None:
            print("\n".join(sources.details(found[0])))
        else:
            print("\n".join([*sources.table(found), "", sources.HINT]))


def named(words: list[str], verb: str) -> source_register.NameOptions:
    """Returns the options of a verb that takes one name."""
    return parse(source_register.NameOptions, words[1:], f"sources {verb}", ("name",))
