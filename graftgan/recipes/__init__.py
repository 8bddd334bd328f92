"""Floor 7: the jobs, one `run(options)` each; the only files that know everybody."""
