"""A job is one thing to measure; what measures it runs in a process of its own."""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Job:
    """One cell of a table: a peer, with its threads, in one case of a row.

    Attributes
    ----------
    row : str
        The group it belongs to, a name for ``--rows``.
    case : str
        What is the same for all peers side by side: "Adam", "SGD, batches of 16".
    peer : str
        A name in `PEERS`, or what is imported or run.
    threads : int
    measure : str
        What is done: train, predict or profile, in a child process; command, a whole process.
    unit : str
        Of the value that is measured.
    settings : dict
        What `measure` needs besides.
    """

    row: str
    case: str
    peer: str
    threads: int
    measure: str
    unit: str
    settings: dict = field(default_factory=dict)

    @property
    def key(self):
        """What tells it from all others."""
        return self.row, self.case, self.peer, self.threads

    @property
    def name(self):
        """What progress and errors call it."""
        threads = f" ({self.threads} threads)" if self.threads > 1 else ""
        return f"{self.row}: {self.case}: {self.peer}{threads}"

    @property
    def work(self):
        """What is trained, in numbers; empty for other work."""
        names = ("images", "epochs", "batch_size", "hidden", "learning_rate")
        trains = self.measure in ("train", "profile")
        return {name: self.settings[name] for name in names} if trains else {}

    def to_dict(self):
        """Return it for a child process."""
        return asdict(self)
