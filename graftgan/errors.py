"""How a run ends other than well: three errors, each with the exit code that scripts rely on."""


class GraftganError(Exception):
    """Base of the errors that the command line turns into one line and an exit code.

    Attributes:
        exit_code: what the process answers with.
    """

    exit_code = 1


class UserError(GraftganError):
    """The user's input is refused: one clear line that names the option or the file (exit code 2)."""

    exit_code = 2


class StoppedEarly(GraftganError):
    """The run was stopped by a signal and left a valid checkpoint behind (exit code 3)."""

    exit_code = 3


class NumericalError(GraftganError):
    """NaN or infinity in a loss, gradient or weight; the last good checkpoint is kept (exit code 4)."""

    exit_code = 4
