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
        gone = parse(source_register.RemoveOptions, words[1:], "sources remove", ("name",))
        print(f"removed: {source_register.drop(gone)}")
    elif verb == "update":
        wanted = parse(source_register.UpdateOptions, words[1:], "sources update", ("name",))
        word, before, now = source_register.renew(wanted)
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
