"""The kill test of the log: processes and the database die by SIGKILL under load, and nothing may be lost."""

from bench.log_kill.outcome import Outcome, figures
from bench.log_kill.run import measure

__all__ = ["Outcome", "figures", "measure"]
