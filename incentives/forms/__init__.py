"""Outside text of the incentives room: the playbook's contests and the launch page."""

from incentives.forms.launch import HOW_OFTEN, PRIZES, TIES, UNITS, LaunchForm, Ticked, launch_form
from incentives.forms.playbook import ContestEntry, contests_part

__all__ = [
    "HOW_OFTEN",
    "PRIZES",
    "TIES",
    "UNITS",
    "ContestEntry",
    "LaunchForm",
    "Ticked",
    "contests_part",
    "launch_form",
]
